//! `bench`: its output, and the comparison with other programs. Times are only expected to be positive.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::project::{Ended, Project, Running};

/// The smallest measurement.
const TINY: &str = "bench --hidden 8 --latent 2 --batch 4 --seconds 0.01";

/// A very short training, to be compared with programs that only pretend to train.
const COMPARISON: &str = "bench --hidden 8 --latent 2 --batch 20 --epochs 3 --rounds 2 --data images";

fn json(ended: &Ended) -> Value {
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    serde_json::from_str(&ended.stdout).expect("one JSON object")
}

fn is_positive(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number > 0.0 && number.is_finite())
}

/// Expects a number above zero at each of `keys`, which are paths such as `machine.cores`.
fn has_positive(value: &Value, keys: &[&str]) {
    for key in keys {
        let found = key.split('.').fold(value, |value, key| &value[key]);
        assert!(is_positive(found), "{key}: expected a number above 0, found {found} in {value}");
    }
}

#[test]
fn the_json_has_the_documented_numbers() {
    let report = json(&Project::new().run(&format!("{TINY} --threads 1,2 --json")).succeeds());
    for key in ["processor", "architecture", "instruction_set", "system"] {
        assert!(report["machine"][key].as_str().is_some_and(|text| !text.is_empty()), "{report}");
    }
    has_positive(&report, &["machine.cores"]);
    let lists = ["limits", "training", "inference"].map(|list| report[list].as_array().expect("a list"));
    let threads = |list: &Vec<Value>| list.iter().map(|line| line["threads"].clone()).collect::<Vec<_>>();
    for list in lists {
        assert_eq!(threads(list), [1, 2], "{report}");
    }
    let [limits, training, inference] = lists;
    for limits in limits {
        has_positive(limits, &["peak_gflops"]);
        let sets = limits["bandwidth"].as_array().expect("a list");
        assert_eq!(sets.len(), 6);
        sets.iter().for_each(|set| has_positive(set, &["working_set_bytes", "gb_per_second"]));
    }
    for line in training {
        let keys = "parameters batch step_ms images_per_second mflop gflops floor_ms floor_share epoch_seconds \
                    parts_ms.batch parts_ms.noise parts_ms.forward";
        has_positive(line, &keys.split_whitespace().collect::<Vec<_>>());
        // Differences of medians, which may be negative.
        assert!(line["parts_ms"]["backward"].is_f64() && line["parts_ms"]["optimizer"].is_f64(), "{line}");
        assert_eq!((&line["network"], &line["batch"]), (&Value::from("784-8-2"), &Value::from(4)));
    }
    for line in inference {
        let keys = "batch encode_images_per_second decode_images_per_second sample_images_per_second \
                    encode_one.median_us encode_one.percentile_99_us decode_one.median_us decode_one.percentile_99_us";
        has_positive(line, &keys.split_whitespace().collect::<Vec<_>>());
    }
}

#[test]
fn the_text_begins_with_the_machine_and_fits_a_hundred_columns() {
    let ended = Project::new().run(TINY).succeeds();
    assert!(ended.stdout.lines().next().is_some_and(|line| line.contains(" core")), "{}", ended.stdout);
    for heading in ["Limits", "Training steps", "Where a step's time goes", "Inference"] {
        assert!(ended.stdout.contains(heading), "{heading}: {}", ended.stdout);
    }
    for line in ended.stdout.lines().skip(1) {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert!(ended.stderr.lines().all(|line| line.starts_with("measuring ")), "{}", ended.stderr);
}

#[test]
fn several_batches_are_measured_in_their_order() {
    let call = "bench --hidden 8 --latent 2 --batch 6,4 --seconds 0.01 --threads 1 --json";
    let report = json(&Project::new().run(call).succeeds());
    let batches: Vec<&Value> =
        report["training"].as_array().expect("a list").iter().map(|line| &line["batch"]).collect();
    assert_eq!(batches, [6, 4]);
}

#[test]
fn wrong_flags_are_wrong_usage() {
    for arguments in [
        "--hidden 0",
        "--latent 0",
        "--batch 0",
        "--seconds 0",
        "--seconds nan",
        "--seconds -1",
        "--seconds 1e9",
        "--threads 0",
        "--threads 1,0",
        "--rounds 2",
        "--epochs 3",
        "--data digits",
        "--against=",
        "--against 'a",
        "--against a --rounds 0",
        "--against a --epochs 1",
        "--against a --seconds 1",
        "--against a --batch 1,2",
        "--against a --threads 1,2",
        "--scale a.md --json",
        "--scale a.md --against a",
        "--scale a.md --threads 1,2",
        "--point {}",
    ] {
        let project = Project::new();
        project.run(&format!("bench {arguments}")).exits_with(2);
        assert!(project.files(".").is_empty(), "{arguments}");
    }
}

#[test]
fn several_numbers_of_threads_are_wrong_usage_elsewhere() {
    Project::new().run("eval --threads 1,2").exits_with(2);
}

#[test]
fn a_network_beyond_memory_is_refused_before_anything_is_measured() {
    let project = Project::new();
    let ended = project.run("bench --hidden 1000000,1000000 --json");
    ended.refuses_usage_saying(&["this network cannot be measured"]);
    let ended = project.run("bench --hidden 100000 --batch 60000");
    ended.refuses_usage_saying(&["--batch must be at most", "60000"]);
}

/// A project with images and a script that pretends to train.
fn with_program(script: &str) -> Project {
    let project = Project::new();
    project.write_images("images", 28, 28);
    project.write("program.sh", script);
    project
}

/// Starts a comparison with more arguments.
fn compare(project: &Project, arguments: &[&str]) -> Running {
    let mut command = project.command(COMPARISON);
    command.args(arguments);
    project.start(command)
}

const GOOD: &str = r#"
echo "hidden $1, latent $2, batch $3" > called
echo starting
for epoch in $(seq "$4"); do echo "epoch $epoch $epoch.5 s loss 1$epoch.25"; done
"#;

#[test]
fn another_program_is_called_with_the_settings_and_compared() {
    let project = with_program(GOOD);
    let program = "sh program.sh {hidden} {latent} '{batch}' {epochs}";
    let comparison =
        json(&compare(&project, &["--against", program, "--threads", "1", "--json"]).wait().succeeds());
    assert_eq!(project.text("called"), "hidden 8, latent 2, batch 20\n");
    has_positive(&comparison, &["machine.cores", "threads", "batch", "epochs", "rounds", "images"]);
    let programs = comparison["programs"].as_array().expect("a list");
    let keys =
        ["epoch_seconds_median", "epoch_seconds_fastest", "epoch_seconds_slowest", "times_ours", "loss"];
    programs.iter().for_each(|line| has_positive(line, &keys));
    let [ours, theirs] = &programs[..] else { panic!("{comparison}") };
    assert_eq!((&ours["command"], &ours["times_ours"]), (&Value::Null, &Value::from(1.0)));
    assert_eq!((&theirs["command"], &theirs["loss"]), (&Value::from(program), &Value::from(13.25)));
    // Two rounds without their first epochs: 2.5, 3.5, 2.5, 3.5.
    assert_eq!(theirs["epoch_seconds_median"], 3.0);
    let epochs = |program: &Value| program["epoch_seconds"].as_array().expect("rounds").len();
    assert_eq!((epochs(ours), epochs(theirs)), (2, 2));
}

#[test]
fn several_programs_have_a_line_each_and_leave_no_file() {
    let project = with_program("for epoch in 1 2 3; do echo epoch $epoch 1 s loss 100; done");
    let before = project.files(".");
    let ended =
        compare(&project, &["--against", "sh program.sh", "--against", "sh ./program.sh"]).wait().succeeds();
    for line in ["this project ", "A ", "B ", "A: sh program.sh", "B: sh ./program.sh"] {
        assert!(ended.stdout.lines().any(|found| found.starts_with(line)), "{line}: {}", ended.stdout);
    }
    assert_eq!(project.files("."), before);
}

#[test]
fn a_program_that_fails_is_quoted() {
    let project =
        with_program("echo epoch 1 1 s loss 100; echo reading >&2; echo no such weights >&2; exit 3");
    let ended = compare(&project, &["--against", "sh program.sh"]).wait();
    ended.fails_saying(&["`sh program.sh` ended with exit status: 3", "reading no such weights"]);
}

#[test]
fn a_program_that_reports_no_epoch_is_refused_with_the_expected_line() {
    let project = with_program("echo trained very well; echo quietly >&2");
    let ended = compare(&project, &["--against", "sh program.sh"]).wait();
    ended.fails_saying(&["`sh program.sh` printed no line 'epoch N SECONDS s loss LOSS'", "quietly"]);
}

#[test]
fn a_program_that_trains_another_number_of_epochs_is_refused() {
    let project = with_program("echo epoch 1 1 s loss 100; echo epoch 2 1 s loss 99");
    let ended = compare(&project, &["--against", "sh program.sh"]).wait();
    ended.fails_saying(&["epochs 1 to 3", "[1, 2]"]);
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let project = with_program("");
    compare(&project, &["--against", "no-such-program"])
        .wait()
        .fails_saying(&["cannot start no-such-program"]);
}

#[test]
fn an_interrupt_stops_the_other_program_too() {
    let project = with_program("echo $$ > partial && mv partial started; exec sleep 60");
    let mut running = compare(&project, &["--against", "sh program.sh"]);
    running.wait_for(&project.path("started"));
    running.signal("INT");
    running.wait().exits_with(130);
    let alive = Command::new("kill").args(["-0", project.text("started").trim()]).output();
    assert!(!alive.expect("the command kill").status.success());
}

#[test]
fn a_document_in_a_missing_directory_is_refused_before_anything_is_measured() {
    let project = Project::new();
    project.run("bench --scale no/scale.md").fails_saying(&["no/scale.md", "a directory that exists"]);
    project.run("bench --scale .").fails_saying(&["cannot write ."]);
    assert!(!project.path("no").exists());
}

#[test]
fn a_measurement_of_the_document_is_a_process_of_its_own() {
    let measurement =
        r#"{"hidden":[8],"latent":2,"batch":10,"threads":2,"images":40,"epochs":true,"seconds":0.01}"#;
    let project = Project::new();
    let outcome = json(&project.run(&format!("bench --point {measurement}")).succeeds());
    has_positive(&outcome, &["seconds", "images", "parameters", "flop", "drawing_seconds"]);
    assert_eq!(outcome["images"], 40);
    let reported = Path::new("/proc/self/status").exists();
    assert_eq!(is_positive(&outcome["peak_resident_bytes"]), reported, "{outcome}");
}
