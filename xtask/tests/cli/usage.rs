//! Wrong usage, which ends with status 2 before anything is read or written; and help texts.

use crate::project::{Project, SMALL};

/// Expects that a call is wrong usage: exit status 2, and no file is left.
fn is_wrong(arguments: &str) {
    let project = Project::new();
    let ended = project.run(arguments).exits_with(2);
    assert!(ended.stderr.starts_with("error: ") || ended.stderr.contains("Usage"), "{}", ended.stderr);
    assert!(project.files(".").is_empty(), "{arguments} left {:?}", project.files(".").keys());
}

/// Expects that a small training with one more argument is wrong usage.
fn is_wrong_for_train(argument: &str) {
    is_wrong(&format!("train {} --run a {argument}", SMALL.replace("--hidden 16 --latent 3 --epochs 2", "")));
}

#[test]
fn no_command_is_wrong_usage() {
    is_wrong("");
}

#[test]
fn an_unknown_command_is_wrong_usage() {
    is_wrong("trian");
}

#[test]
fn an_unknown_flag_is_wrong_usage() {
    is_wrong_for_train("--epoch 3");
}

#[test]
fn a_flag_without_its_value_is_wrong_usage() {
    is_wrong_for_train("--epochs");
}

#[test]
fn no_epochs_are_wrong_usage() {
    is_wrong_for_train("--epochs 0");
}

#[test]
fn no_latents_are_wrong_usage() {
    is_wrong_for_train("--latent 0");
}

#[test]
fn a_layer_of_width_zero_is_wrong_usage() {
    is_wrong_for_train("--hidden 0");
    is_wrong_for_train("--hidden 16,0");
}

#[test]
fn a_batch_of_zero_images_is_wrong_usage() {
    is_wrong_for_train("--batch 0");
}

#[test]
fn negative_numbers_are_wrong_usage() {
    for flag in ["--epochs", "--batch", "--hidden", "--latent", "--seed", "--digits", "--validation"] {
        is_wrong_for_train(&format!("{flag} -3"));
        is_wrong_for_train(&format!("{flag}=-3"));
    }
}

#[test]
fn texts_that_are_not_numbers_are_wrong_usage() {
    for flag in ["--epochs", "--batch", "--hidden", "--latent", "--seed", "--digits", "--validation", "--lr"]
    {
        is_wrong_for_train(&format!("{flag} many"));
        is_wrong_for_train(&format!("{flag}="));
    }
}

#[test]
fn what_is_no_number_is_told_from_a_number_out_of_range() {
    let project = Project::new();
    for (flags, expected) in [
        ("--epochs many", "'many' for '--epochs <N>'\n\n  tip: expected a whole number"),
        ("--latent -3", "'-3' for '--latent <N>'\n\n  tip: expected a whole number, without a sign"),
        ("--lr fast", "expected a number, such as 0.5"),
        ("--epochs 0", "0 is not in 1.."),
    ] {
        project.run(&format!("train {flags}")).refuses_usage_saying(&[expected]);
    }
}

#[test]
fn numbers_beyond_64_bits_are_wrong_usage() {
    is_wrong_for_train("--epochs 99999999999999999999");
    is_wrong_for_train("--hidden 99999999999999999999");
}

#[test]
fn an_unknown_preset_is_wrong_usage() {
    is_wrong_for_train("--preset slow");
}

#[test]
fn an_unknown_activation_is_wrong_usage() {
    is_wrong_for_train("--activation step");
}

#[test]
fn an_unknown_optimizer_or_schedule_is_wrong_usage() {
    is_wrong_for_train("--optimizer newton");
    is_wrong_for_train("--schedule sawtooth");
}

#[test]
fn no_threads_are_wrong_usage() {
    is_wrong_for_train("--threads 0");
}

#[test]
fn a_grid_without_rows_or_columns_is_wrong_usage() {
    is_wrong("grid --rows 0");
    is_wrong("grid --cols 0");
    is_wrong("grid --rows -1");
}

#[test]
fn an_unknown_kind_of_grid_is_wrong_usage() {
    is_wrong("grid --kind pictures");
}

/// Expects that the help of a command names these flags.
fn helps(command: &str, flags: &[&str]) {
    let ended = Project::new().run(&format!("{command} --help")).succeeds();
    for flag in flags {
        assert!(ended.stdout.contains(flag), "{command} --help: expected {flag} in {}", ended.stdout);
    }
}

#[test]
fn the_help_names_the_commands() {
    helps("", &["train", "grid", "eval", "encode", "import", "sweep", "bench", "data", "ci", "--threads"]);
}

#[test]
fn the_help_of_train_names_its_flags() {
    let flags = "--preset --config --data --run --resume --epochs --batch --hidden --latent --activation --optimizer \
                 --lr --seed --threads --beta --keep --validation --digits";
    helps("train", &flags.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn the_help_of_train_names_the_presets() {
    helps("train", &vae_train::Preset::ALL.map(vae_train::Preset::name));
}

#[test]
fn the_help_of_grid_names_its_flags() {
    helps(
        "grid",
        &[
            "--kind",
            "samples",
            "reconstructions",
            "--rows",
            "--cols",
            "--seed",
            "--data",
            "--out",
            "--run",
            "--model",
        ],
    );
}

#[test]
fn the_help_of_eval_names_its_flags() {
    helps(
        "eval",
        &[
            "--run",
            "--model",
            "--data",
            "--seed",
            "--nll",
            "--images",
            "--receipt",
            "--against",
            "--json",
            "--samples",
        ],
    );
}

#[test]
fn a_number_of_samples_that_is_not_between_one_and_a_million_is_wrong_usage() {
    for samples in ["0", "-1", "1000001", "many"] {
        is_wrong(&format!("eval --nll {samples}"));
    }
}

#[test]
fn no_images_and_images_without_samples_are_wrong_usage() {
    is_wrong("eval --nll 5 --images 0");
    is_wrong("eval --images 5");
    is_wrong("eval --receipt a.json");
    is_wrong("eval --against a.json");
}

#[test]
fn too_few_or_too_many_samples_to_measure_are_wrong_usage() {
    for count in ["0", "99", "100001", "-1", "many"] {
        is_wrong(&format!("eval --samples {count}"));
    }
}

#[test]
fn the_help_of_encode_names_its_flags() {
    helps("encode", &["--run", "--model", "--data", "--split", "--reconstructions", "--out"]);
}

#[test]
fn the_help_of_import_names_its_flags() {
    helps("import", &["--activation", "--input-range", "--image", "--data", "--out"]);
}

#[test]
fn the_help_of_sweep_names_its_flags_and_shows_a_plan() {
    let flags = "--over --seeds --run --out --json --preset --config --data --epochs [[variant]] PLAN.toml";
    helps("sweep", &flags.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn the_help_of_bench_names_its_flags() {
    helps(
        "bench",
        &[
            "--hidden",
            "--latent",
            "--batch",
            "--seconds",
            "--json",
            "--against",
            "--rounds",
            "--epochs",
            "--data",
            "--scale",
        ],
    );
}

#[test]
fn an_unknown_data_set_is_wrong_usage() {
    is_wrong("data fetch cifar");
    is_wrong("data verify emnist");
}

#[test]
fn one_directory_for_several_data_sets_is_wrong_usage() {
    is_wrong("data fetch kmnist fashion --dir images");
}

#[test]
fn the_help_of_data_names_its_actions() {
    helps("data", &["fetch", "verify", "list"]);
}

#[test]
fn every_action_of_data_has_help() {
    helps("data fetch", &["--dir", "emnist-letters", "MD5"]);
    helps("data verify", &["--dir", "kmnist"]);
    helps("data list", &["--help"]);
}

#[test]
fn ci_has_help() {
    helps("ci", &["--help"]);
}

#[test]
fn the_help_of_generate_names_its_flags() {
    let flags = "--like --digit --image --latent --count --split --seed --data --out .npy prior";
    helps("generate", &flags.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn data_for_samples_of_the_prior_are_wrong_usage() {
    is_wrong("generate --data digits");
    is_wrong("generate --split train");
}

#[test]
fn a_file_that_is_neither_a_picture_nor_an_array_is_wrong_usage() {
    for name in ["samples", "samples.jpg", "samples.npz", ".npy"] {
        is_wrong(&format!("generate --out {name}"));
    }
}

#[test]
fn numbers_of_anything_but_new_images_are_wrong_usage() {
    for request in ["--like 3", "--image a.png", "--latent 0,0"] {
        is_wrong(&format!("generate {request} --out out.npy"));
    }
}

#[test]
fn two_ways_to_ask_for_a_digit_are_wrong_usage() {
    is_wrong("generate --digit 7 --like 3");
    is_wrong("generate --latent 0,0 --image a.png");
}

#[test]
fn no_digit_is_wrong_usage() {
    for digit in ["-1", ""] {
        is_wrong(&format!("generate --digit {digit}"));
    }
}

#[test]
fn a_text_that_is_not_an_index_is_wrong_usage() {
    is_wrong("generate --like first");
    is_wrong("generate --like 3,,4");
}

#[test]
fn a_point_of_the_latent_space_that_is_not_finite_is_wrong_usage() {
    for point in ["nan,0", "inf", "1,,2", "x", "1e99"] {
        is_wrong(&format!("generate --latent {point}"));
    }
}

#[test]
fn a_number_of_images_without_a_class_is_wrong_usage() {
    is_wrong("generate --like 3 --count 2");
    is_wrong("generate --digit 7 --count 0");
    is_wrong("generate --count 0");
    is_wrong("generate --count 100001");
}

#[test]
fn a_split_without_indices_is_wrong_usage() {
    is_wrong("generate --digit 7 --split train");
}
