//! `fit-prior`, and the priors of trained models.

use serde_json::Value;
use vae_core::Prior;
use vae_train::ModelFile;

use crate::{
    png::text,
    project::{Project, SMALL},
};

fn model(project: &Project, run: &str) -> ModelFile {
    ModelFile::read(&project.path(format!("{run}/model.safetensors")), None).expect("a model")
}

fn eval(project: &Project, arguments: &str) -> Value {
    let ended = project.run(&format!("eval --json --run a {arguments}")).succeeds();
    serde_json::from_str(&ended.stdout).expect("JSON")
}

#[test]
fn a_training_ends_with_a_prior_unless_it_is_told_not_to() {
    let project = Project::trained();
    assert_eq!(model(&project, "a").vae.config().prior, Prior::Mixture { components: 6, full: true });
    project.run(&format!("train {SMALL} --fit-prior standard --run b")).succeeds();
    let bare = model(&project, "b").vae;
    assert_eq!(bare.config().prior, Prior::Standard);
    assert_eq!(
        model(&project, "a").vae.with_prior(Prior::Standard, 0).unwrap().parameters(),
        bare.parameters()
    );
}

#[test]
fn a_fitted_prior_lowers_the_kl_and_is_named_everywhere() {
    let project = Project::trained();
    let bare = eval(&project, "--prior standard");
    let ended = project.run("fit-prior --run a --prior flow:2:16:5").succeeds();
    assert!(ended.stdout.contains("prior flow:2:16:5"), "{}", ended.stdout);
    assert!(ended.stdout.contains("flow:2:16:5 fitted in"), "{}", ended.stdout);
    let fitted = eval(&project, "");
    assert_eq!((&fitted["prior"], &bare["prior"]), (&"flow:2:16:5".into(), &"standard".into()));
    assert_eq!(fitted["protocol"], "grey");
    assert_eq!(fitted["reconstruction"], bare["reconstruction"]);
    assert!(fitted["kl"].as_f64() < bare["kl"].as_f64(), "{fitted}, {bare}");
    assert_eq!(eval(&project, "--prior standard")["kl"], bare["kl"]);
    for (flags, prior) in [
        ("", "flow:2:16:5"),
        ("--prior standard", "N(0, I)"),
        ("--temperature 0.5", "flow:2:16:5 at temperature 0.5"),
    ] {
        project.run(&format!("grid --run a --rows 2 --cols 3 {flags} --out x.png")).succeeds();
        assert_eq!(text(&project.read("x.png"), "Prior").as_deref(), Some(prior));
    }
}

#[test]
fn a_fitted_prior_that_is_no_nearer_to_the_codes_is_said_to_be_so() {
    let project = Project::trained();
    let ended = project.run("fit-prior --run a --prior flow:2:16:5 --epochs 1 --lr 1e-8").succeeds();
    assert!(ended.stdout.contains("warning: the prior is no nearer"), "{}", ended.stdout);
    let ended = project.run("fit-prior --run a --prior flow:2:16:5 --epochs 40").succeeds();
    assert!(!ended.stdout.contains("warning"), "{}", ended.stdout);
}

#[test]
fn any_number_of_threads_fits_the_same_prior() {
    let project = Project::trained();
    let original = project.read("a/model.safetensors");
    let fitted = ["1", "3"].map(|threads| {
        project.write("m.safetensors", &original);
        project
            .run(&format!("fit-prior --model m.safetensors --prior mixture:9:full --threads {threads}"))
            .succeeds();
        project.read("m.safetensors")
    });
    assert!(fitted[0] == fitted[1] && fitted[0] != original);
}

#[test]
fn settings_that_make_no_sense_are_refused_and_the_file_stays() {
    let project = Project::trained();
    let before = project.read("a/model.safetensors");
    for (flags, expected) in [
        ("--prior standard", "a prior that is learned"),
        ("--prior mixture:0", "1 to 65536 Gaussians"),
        ("--prior mixture:5000", "at most"),
        ("--prior flow:1:8", "2 to 64 couplings"),
        ("--lr -1", "--lr must be above 0"),
        ("--batch 0", "between 1 and"),
    ] {
        project.run(&format!("fit-prior --run a {flags}")).refuses_usage_saying(&[expected]);
    }
    project.run("fit-prior --run a --prior vamp").exits_with(2);
    project.run("fit-prior --run a --epochs 0").exits_with(2);
    assert!(project.read("a/model.safetensors") == before);
    let small = SMALL.replace("--latent 3", "--latent 1");
    project.run(&format!("train {small} --run one")).succeeds();
    project.run("fit-prior --run one --prior flow").refuses_usage_saying(&["at least two latents"]);
    for flag in ["--prior", "--fit-prior"] {
        let ended = project.run(&format!("train {small} {flag} flow --run two"));
        ended.refuses_usage_saying(&["at least two latents"]);
    }
}

#[test]
fn a_training_fits_no_more_gaussians_than_its_images_allow_and_neither_does_the_default() {
    let project = Project::new();
    project.run(&format!("train {SMALL} --fit-prior mixture:500 --run a")).succeeds();
    assert_eq!(model(&project, "a").vae.config().prior.to_string(), "mixture:6");
    project.run("fit-prior --run a").succeeds();
    assert_eq!(model(&project, "a").vae.config().prior.to_string(), "mixture:6:full");
}

#[test]
fn a_resumed_run_fits_another_prior_if_it_is_asked_to() {
    let project = Project::trained();
    let before = project.read("a/model.safetensors");
    project.run("train --resume --run a").succeeds();
    assert!(project.read("a/model.safetensors") == before);
    for prior in ["flow:2:8", "standard"] {
        project.run(&format!("train --resume --run a --fit-prior {prior}")).succeeds();
        assert_eq!(model(&project, "a").vae.config().prior.to_string(), prior);
        assert_eq!(project.toml("a/config.toml")["training"]["fit_prior"].as_str(), Some(prior));
    }
}

#[test]
fn receipts_of_different_priors_are_compared_and_both_are_named() {
    let project = Project::trained();
    project.run("eval --run a --nll 10 --images 20 --prior standard --receipt r.json").succeeds();
    let ended = project.run("eval --run a --nll 10 --images 20 --against r.json").succeeds();
    for part in ["mixture:6:full prior", "difference from a/model.safetensors, standard prior"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    project.run("eval --run a --nll 10 --samples 200").exits_with(2);
}

#[test]
fn an_imported_module_keeps_how_its_pixels_were_made() {
    let project = Project::trained();
    project.run("import a/model.safetensors --binarize threshold --out m.safetensors").succeeds();
    let ended = project.run("eval --model m.safetensors --data digits:300").succeeds();
    assert!(ended.stdout.contains("threshold pixels"), "{}", ended.stdout);
    project.run("import a/model.safetensors --binarize grau --out m.safetensors").exits_with(2);
}

#[test]
fn a_prior_learned_with_the_model_stays_and_binary_pixels_are_named() {
    let project = Project::new();
    let flags = "--prior flow:2:8 --binarize dynamic --average 0.9 --beta-warmup 1 --start-at-mean";
    project.run(&format!("train {SMALL} {flags} --run a")).succeeds();
    assert_eq!(model(&project, "a").vae.config().prior.to_string(), "flow:2:8");
    let report = eval(&project, "");
    assert_eq!((&report["protocol"], &report["prior"]), (&"dynamic".into(), &"flow:2:8".into()));
    project.run("grid --run a --kind reconstructions --out x.png").succeeds();
    project.run("eval --run a --nll 10 --images 20 --receipt r.json").succeeds();
    let receipt: Value = serde_json::from_str(&project.text("r.json")).expect("JSON");
    assert_eq!((&receipt["protocol"], &receipt["prior"]), (&"dynamic".into(), &"flow:2:8".into()));
    // Numbers of grey pixels are not compared with those of binary ones.
    project.run(&format!("train {SMALL} --run b")).succeeds();
    project.run("eval --run b --nll 10 --images 20 --against r.json").fails_saying(&["dynamic pixels"]);
}

#[test]
fn settings_of_recipes_out_of_range_are_refused_by_name() {
    let project = Project::new();
    for (flags, expected) in [
        ("--average 1", "training.average"),
        ("--free-bits -1", "training.free_bits"),
        ("--free-bits 0.1 --prior mixture:3", "training.free_bits"),
        ("--beta-warmup -1", "training.beta_warmup_epochs"),
    ] {
        project.run(&format!("train {SMALL} {flags} --run x")).refuses_usage_saying(&[expected]);
    }
    for flags in ["--binarize gray", "--prior vamp", "--fit-prior vamp"] {
        project.run(&format!("train {SMALL} {flags} --run x")).exits_with(2);
    }
    let small = SMALL.replace("--validation 20", "--validation 0");
    project.run(&format!("train {small} --patience 2 --run x")).refuses_usage_saying(&["--patience"]);
}
