//! The names of settings and data: flags without effect, names with a slip of the finger, and errors that name the flag
//! or the key that a value came from.

use crate::project::Project;

#[test]
fn flags_without_effect_are_wrong_usage() {
    for (flags, parts) in [
        ("--momentum 0.5", &["--momentum (optimizer.momentum) has no effect", "--optimizer sgd", "adam"][..]),
        ("--optimizer sgd --weight-decay 0.1", &["--weight-decay", "adamw"]),
        ("--gamma 0.5", &["--gamma (optimizer.gamma)", "--schedule step or exponential", "cosine"]),
        ("--schedule constant --gamma-epochs 2", &["--gamma-epochs", "constant"]),
        ("--data mnist --digits 300", &["--digits", "--data digits", "mnist"]),
        ("--data digits:500 --digits 300", &["--digits", "digits:500"]),
        ("--prior mixture:4 --fit-prior mixture:8", &["--fit-prior", "learned with the model"]),
        ("--beta 0 --beta-warmup 2", &["--beta-warmup", "--beta 0"]),
        ("--normalise --clip-norm 2", &["--clip-norm", "--normalise"]),
        ("--validation 0 --keep best", &["--keep", "--validation 0"]),
    ] {
        let project = Project::new();
        project.run(&format!("train --run a {flags}")).refuses_usage_saying(parts);
        assert!(project.files(".").is_empty(), "{flags}");
    }
    let requests =
        ["--like 3", "--image a.png", "--latent 0,0"].map(|request| format!("generate {request} --seed 0"));
    let grids = ["grid --data digits", "grid --kind reconstructions --temperature 1"].map(str::to_owned);
    for call in grids.into_iter().chain(requests) {
        Project::new().run(&call).exits_with(2);
    }
}

#[test]
fn settings_of_a_file_without_effect_are_no_mistake() {
    let project = Project::new();
    project.write(
        "c.toml",
        "[optimizer]\nmomentum = 0.5\n[data]\nsource = \"digits\"\ndigits = 300\nvalidation = 20\n",
    );
    project.run("train --config c.toml --hidden 8 --latent 2 --epochs 1 --run a").succeeds();
}

#[test]
fn a_mistyped_data_set_is_answered_with_the_nearest_name() {
    for (command, name, nearest) in [
        ("train --run a", "mnst", "mnist"),
        ("eval", "digts", "digits"),
        ("sweep --over latent=2", "fashion-mnits", "fashion-mnist"),
        ("grid --kind reconstructions", "KMNIST", "kmnist"),
    ] {
        let ended = Project::new().run(&format!("{command} --data {name}"));
        ended.refuses_usage_saying(&[name, &format!("did you mean '{nearest}'?"), "data list"]);
    }
}

#[test]
fn a_path_of_data_that_does_not_exist_is_no_such_directory() {
    for path in ["./mnist", "pictures/mine", "/none"] {
        Project::new()
            .run(&format!("train --data {path}"))
            .refuses_usage_saying(&[path, "no such directory"]);
    }
}

#[test]
fn wrong_usage_shows_the_usage_of_its_command() {
    let ended = Project::new().run("train --momentum 0.5");
    ended.refuses_usage_saying(&["Usage: cargo xtask train [OPTIONS]"]);
}

#[test]
fn a_value_that_is_wrong_in_a_file_is_named_by_its_key_and_its_file() {
    let project = Project::new();
    project.write("c.toml", "[optimizer]\nlearning_rate = -1.0\n");
    let message = project.run("train --config c.toml --batch 50").fails();
    assert!(message.contains("c.toml: optimizer.learning_rate must be above 0"), "{message}");
}
