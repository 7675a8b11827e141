//! A temporary project to call commands in, and the result of a call.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use vae_core::weights::{Facts, to_safetensors};
use vae_data::{Dataset, Split, digits, idx::IdxArray};
use vae_train::ModelFile;

/// A very short training: few digits, a small model.
pub(crate) const SMALL: &str = "--data digits --digits 300 --hidden 16 --latent 3 --activation relu --beta 1 \
                                --epochs 2 --validation 20";

/// The time after which a command is taken to hang. All commands of these tests are far quicker.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The names of the four files of a data directory.
pub(crate) const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
pub(crate) const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
pub(crate) const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
pub(crate) const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// A temporary directory that is the workspace and the current directory of the commands. Paths are relative to it.
pub(crate) struct Project {
    root: TempDir,
    outputs: TempDir,
}

impl Project {
    pub(crate) fn new() -> Self {
        let directory = || tempfile::tempdir().expect("a temporary directory");
        Self { root: directory(), outputs: directory() }
    }

    /// A project with a small trained model in `a`.
    pub(crate) fn trained() -> Self {
        let project = Self::new();
        project.run(&format!("train {SMALL} --run a")).succeeds();
        project
    }

    /// A project with the tensors of a small model, without any facts, in `module.safetensors`.
    pub(crate) fn with_module() -> Self {
        let project = Self::trained();
        let model = ModelFile::read(&project.path("a/model.safetensors"), None).expect("a model");
        let tensors = model.vae.parameters().iter();
        let tensors = tensors.map(|(name, shape, values)| (name.to_owned(), shape, values));
        project.write("module.safetensors", to_safetensors(tensors, Facts::new()));
        project
    }

    /// A project with a small trained model in `a` and the shipped classifier.
    pub(crate) fn with_classifier() -> Self {
        let project = Self::trained();
        project.ship(&["classifier.safetensors"]);
        project
    }

    /// Copies files that the project ships.
    pub(crate) fn ship(&self, names: &[&str]) {
        for name in names {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data").join(name);
            let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            self.write(Path::new("data").join(name), bytes);
        }
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn text(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8(self.read(name)).expect("UTF-8")
    }

    pub(crate) fn toml(&self, name: impl AsRef<Path>) -> toml::Table {
        self.text(name).parse().expect("TOML")
    }

    /// Writes a file and creates its directories.
    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("below the project")).expect("the directory of the file");
        fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Writes 60 training and 20 test images, the upper left corners of digits, with their labels as IDX files.
    pub(crate) fn write_images(&self, directory: &str, height: usize, width: usize) {
        let write = |split, count, images: &str, labels: &str| {
            let digits = digits::generate(count, 3, split);
            self.write(Path::new(directory).join(images), corners(&digits, height, width).to_bytes());
            let data = digits.labels().expect("drawn digits have labels").to_vec();
            self.write(
                Path::new(directory).join(labels),
                IdxArray { shape: vec![digits.len()], data }.to_bytes(),
            );
        };
        write(Split::Train, 60, TRAIN_IMAGES, TRAIN_LABELS);
        write(Split::Test, 20, TEST_IMAGES, TEST_LABELS);
    }

    /// Every file below a directory, except locks, with its content.
    pub(crate) fn files(&self, directory: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(self.path(directory)).into_iter().flatten() {
            let path = Path::new(directory).join(entry.expect("an entry of the directory").file_name());
            if self.path(&path).is_dir() {
                files.extend(self.files(&path.to_string_lossy()));
            } else if !path.ends_with(".lock") {
                files.insert(path.clone(), self.read(&path));
            }
        }
        files
    }

    /// The program with arguments that contain no spaces: `train --run a`.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vae"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.root.path())
            // The workspace is the parent of the package that cargo runs.
            .env("CARGO_MANIFEST_DIR", self.path("xtask"))
            .env_remove("VAE_DATA")
            .env_remove("VAE_DIR")
            .stdin(Stdio::null());
        command
    }

    /// The program as it is installed: not called by cargo, with a home directory in the project.
    pub(crate) fn installed(&self, arguments: &str) -> Command {
        let mut command = self.command(arguments);
        for variable in ["CARGO_MANIFEST_DIR", "VAE_DIR", "XDG_DATA_HOME"] {
            command.env_remove(variable);
        }
        command.env("HOME", self.path("home"));
        offline(&mut command);
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Ended {
        self.start(self.command(arguments)).wait()
    }

    pub(crate) fn start(&self, mut command: Command) -> Running {
        // Files instead of pipes: they do not block when they are full, and keep their contents if the program is
        // killed.
        let outputs = tempfile::tempdir_in(self.outputs.path()).expect("a temporary directory");
        let file = |name| File::create(outputs.path().join(name)).expect("a file for the output");
        let call = format!("{command:?}");
        let child =
            command.stdout(file("stdout")).stderr(file("stderr")).spawn().expect("the program starts");
        Running { child, call, outputs: outputs.keep() }
    }
}

/// Sends the network requests of a command to a closed port of this machine.
pub(crate) fn offline(command: &mut Command) {
    for variable in ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"] {
        command.env(variable, "http://127.0.0.1:9").env(variable.to_lowercase(), "http://127.0.0.1:9");
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy");
}

/// The upper left corners of the images of a data set.
fn corners(data: &Dataset, height: usize, width: usize) -> IdxArray {
    let corner = |image: ndarray::ArrayView1<'_, u8>| -> Vec<u8> {
        (0..height * width).map(|i| image[i / width * data.width() + i % width]).collect()
    };
    let pixels = data.images().rows().into_iter().flat_map(corner).collect();
    IdxArray { shape: vec![data.len(), height, width], data: pixels }
}

/// A command that is running.
pub(crate) struct Running {
    child: Child,
    call: String,
    outputs: PathBuf,
}

impl Running {
    /// Waits until a file exists; fails if the command ends before.
    pub(crate) fn wait_for(&mut self, path: &Path) {
        let start = Instant::now();
        while !path.exists() {
            let ended = self.child.try_wait().expect("the state of the program");
            assert!(ended.is_none(), "{} ended without {}", self.call, path.display());
            assert!(start.elapsed() < TIMEOUT, "{} hangs", self.call);
            sleep(Duration::from_millis(1));
        }
    }

    /// Waits until the program has printed a text to standard error; fails if it ends before.
    pub(crate) fn wait_for_note(&mut self, text: &str) {
        let start = Instant::now();
        while !fs::read_to_string(self.outputs.join("stderr")).is_ok_and(|found| found.contains(text)) {
            let ended = self.child.try_wait().expect("the state of the program");
            assert!(ended.is_none(), "{} ended without {text:?}", self.call);
            assert!(start.elapsed() < TIMEOUT, "{} hangs", self.call);
            sleep(Duration::from_millis(1));
        }
    }

    /// Sends a signal, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.expect("the command kill").success(), "kill -{name}: {}", self.call);
    }

    pub(crate) fn wait(mut self) -> Ended {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the state of the program") {
                break status;
            }
            if start.elapsed() >= TIMEOUT {
                self.child.kill().expect("the program can be ended");
                panic!("{} hangs", self.call);
            }
            sleep(Duration::from_millis(1));
        };
        let output = |name| {
            let bytes = fs::read(self.outputs.join(name)).expect("the output");
            String::from_utf8(bytes).expect("output in UTF-8")
        };
        let (stdout, stderr) = (output("stdout"), output("stderr"));
        assert!(!stderr.contains("panicked"), "{}: {stderr}", self.call);
        Ended { call: self.call, status: status.code(), stdout, stderr }
    }
}

/// The result of a command, which did not panic.
pub(crate) struct Ended {
    call: String,
    /// None if a signal ended the command.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn succeeds(self) -> Self {
        self.exits_with(0)
    }

    pub(crate) fn exits_with(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}: {}", self.call, self.stderr);
        self
    }

    /// Expects that the command failed with an error of one line that contains all `parts`.
    pub(crate) fn fails_saying(self, parts: &[&str]) {
        let message = self.fails();
        assert_eq!(message.lines().count(), 1, "{message}");
        for part in parts {
            assert!(message.contains(part), "expected {part:?} in {message:?}");
        }
    }

    /// Expects that the call was wrong usage, with an error that contains all `parts`.
    pub(crate) fn refuses_usage_saying(self, parts: &[&str]) {
        let ended = self.exits_with(2);
        for part in parts {
            assert!(ended.stderr.contains(part), "{}: expected {part:?} in {:?}", ended.call, ended.stderr);
        }
    }

    /// Expects that the command failed, and returns its error.
    pub(crate) fn fails(self) -> String {
        let ended = self.exits_with(1);
        let Some(start) = ended.stderr.find("error: ") else {
            panic!("{}: expected 'error: ' in {:?}", ended.call, ended.stderr);
        };
        ended.stderr[start..].trim_end().to_owned()
    }
}
