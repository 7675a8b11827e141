//! `import`, and the flags that a state dict from PyTorch needs otherwise.

use vae_core::{
    Activation,
    weights::{Facts, InputRange, ModuleFacts, to_safetensors},
};
use vae_train::ModelFile;

use crate::project::Project;

#[test]
fn an_imported_model_needs_no_flags() {
    let project = Project::with_module();
    project
        .run("import module.safetensors --activation tanh --input-range=-1,1 --out m.safetensors")
        .succeeds();
    let imported = ModelFile::read(&project.path("m.safetensors"), None).expect("a model");
    let input_range = InputRange { low: -1.0, high: 1.0 };
    let facts = ModuleFacts { activation: Activation::Tanh, likelihood: None, input_range };
    let module = ModelFile::read(&project.path("module.safetensors"), Some(facts)).expect("a module");
    assert_eq!(imported.vae.config(), module.vae.config());
    assert_eq!(imported.vae.parameters(), module.vae.parameters());
    project.run("grid --model m.safetensors --out x.png").succeeds();
}

#[test]
fn an_imported_model_measures_as_the_module_with_flags_does() {
    let project = Project::with_module();
    let flags = "--activation tanh --input-range -1,1";
    project.run(&format!("import module.safetensors {flags} --out m.safetensors")).succeeds();
    let [module, imported] = [format!("module.safetensors {flags}"), "m.safetensors".to_owned()]
        .map(|model| project.run(&format!("eval --data digits --model {model}")).succeeds().stdout);
    assert_eq!(module, imported);
}

#[test]
fn data_and_image_size_are_stored_too() {
    let project = Project::with_module();
    let flags = "--activation relu --data digits --image 14x56";
    project.run(&format!("import module.safetensors {flags} --out m.safetensors")).succeeds();
    let model = ModelFile::read(&project.path("m.safetensors"), None).expect("a model");
    assert_eq!((model.height, model.width, model.data.as_deref()), (14, 56, Some("digits")));
}

#[test]
fn an_image_size_with_another_number_of_pixels_is_refused() {
    let project = Project::with_module();
    project
        .run("import module.safetensors --activation relu --image 28x27 --out m.safetensors")
        .refuses_usage_saying(&["module.safetensors", "784 pixels", "28x27"]);
    assert!(!project.path("m.safetensors").exists());
}

#[test]
fn a_module_without_an_activation_is_refused() {
    Project::with_module()
        .run("import module.safetensors --out m.safetensors")
        .fails_saying(&["module.safetensors", "--activation"]);
}

#[test]
fn a_module_with_unknown_tensor_names_is_refused_with_the_known_ones() {
    let project = Project::new();
    let tensor = ("encoder.0.weight".to_owned(), &[1, 1][..], &[0.0][..]);
    project.write("module.safetensors", to_safetensors([tensor], Facts::new()));
    project.run("import module.safetensors --activation relu --out m.safetensors").fails_saying(&[
        "module.safetensors",
        "encoder.fc1.weight",
        "fc21",
    ]);
}

#[test]
fn a_pickle_is_refused_with_the_way_to_convert_it() {
    let project = Project::new();
    project.write("module.pt", b"PK\x03\x04 and so on");
    project
        .run("import module.pt --activation relu --out m.safetensors")
        .fails_saying(&["module.pt", "safetensors.torch.save_file"]);
}

#[test]
fn the_range_of_a_model_that_was_trained_here_is_known() {
    Project::trained()
        .run("grid --model a/model.safetensors --activation relu --input-range=-1,1")
        .fails_saying(&["a/model.safetensors", "[0, 1]", "-1,1"]);
}

#[test]
fn the_imported_file_is_not_written_over() {
    let project = Project::with_module();
    let before = project.read("module.safetensors");
    project
        .run("import module.safetensors --activation relu --out ./module.safetensors")
        .refuses_usage_saying(&["module.safetensors is the file to import"]);
    assert_eq!(project.read("module.safetensors"), before);
}

#[test]
fn a_range_without_an_activation_or_an_invalid_range_is_wrong_usage() {
    let project = Project::with_module();
    for flags in ["--input-range=-1,1", "--activation relu --input-range 1,0", "--activation relu --image 28"]
    {
        project.run(&format!("import module.safetensors --out m.safetensors {flags}")).exits_with(2);
    }
}
