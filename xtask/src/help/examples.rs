//! The examples at the end of each command's help.

/// Each command, and calls of it with what they do.
pub(crate) const EXAMPLES: [(&str, &[(&str, &str)]); 21] = [
    (
        "",
        &[
            ("train", "a first model, in less than half a minute"),
            ("grid", "new images from it"),
            ("eval", "how good it is, in nats an image"),
        ],
    ),
    (
        "train",
        &[
            ("train", "the preset quick on MNIST"),
            ("train --data digits --epochs 3", "without files and network"),
            ("train --hidden 512,256 --latent 32 --lr 1e-3", "a model of your own"),
            ("train --likelihood gaussian:0.3 --rotate 10", "another p(x|z), and images turned a little"),
            ("train --preset gated-flow", "for good likelihoods, in half an hour"),
            ("train --config runs/quick-1/config.toml --seed 1", "an earlier run with another seed"),
            ("train --resume", "go on with the newest run after Ctrl-C"),
        ],
    ),
    (
        "grid",
        &[
            ("grid", "200 samples of the newest model"),
            (
                "grid --kind reconstructions --rows 2 --cols 10",
                "test images above what the model makes of them",
            ),
            ("grid --prior standard --temperature 0.7", "from a narrower N(0, I)"),
            ("grid --run runs/quick-1 --out samples.png", "of another run, into another file"),
        ],
    ),
    (
        "generate",
        &[
            ("generate --digit 7 --count 20", "new sevens"),
            ("generate --digit all --count 10", "ten of each class"),
            ("generate --like 9", "test image 9 beside its reconstruction"),
            ("generate --image photo.png", "a digit of yours, as the model sees it"),
            ("generate --count 10000 --out samples.npy", "samples of the prior as numbers"),
        ],
    ),
    (
        "eval",
        &[
            ("eval", "-ELBO of the newest model on the test images"),
            ("eval --run runs/quick-1 --json", "for machines"),
            ("eval --nll 5000 --receipt nll.json", "log p(x) itself, with a receipt"),
            ("eval --samples", "how good its samples are"),
        ],
    ),
    (
        "encode",
        &[
            ("encode", "means and log-variances of the model's data"),
            (
                "encode --split test --reconstructions --out latents",
                "only the test images, with their reconstructions",
            ),
        ],
    ),
    (
        "import",
        &[
            (
                "import module.safetensors --activation relu --out model.safetensors",
                "a state dict of PyTorch",
            ),
            (
                "import module.safetensors --activation relu --input-range=-1,1 --out model.safetensors",
                "of a module that takes pixels from -1 to 1",
            ),
        ],
    ),
    (
        "sweep",
        &[
            ("sweep --over latent=8,16,32", "three sizes of the latent space"),
            (
                "sweep --over lr=1e-3,3e-3 --over hidden=[256],[512,256] --seeds 0,1",
                "a grid of four, each with two seeds",
            ),
            ("sweep plan.toml --out table.md", "the variants of a file, see above"),
        ],
    ),
    ("runs", &[("runs", "the runs, the newest first"), ("runs --all", "those of sweeps too")]),
    ("runs compare", &[("runs compare quick-1 quick-2", "where two runs differ, in settings and losses")]),
    (
        "fit-prior",
        &[
            ("fit-prior", "what 'train' fits, to the newest model"),
            ("fit-prior --prior flow:8:128:200 --run runs/quick-1", "a flow over 200 Gaussians"),
        ],
    ),
    ("annotate", &[("annotate --model model.safetensors --data mnist", "for an imported model")]),
    (
        "classifier",
        &[("classifier --out classifier.safetensors --epochs 20", "a classifier of MNIST's digits")],
    ),
    (
        "bench",
        &[
            ("bench", "training and inference beside the limits of this machine"),
            ("bench --hidden 512,256 --latent 32 --batch 128 --json", "one network, for machines"),
            ("bench --threads 1,2,4", "with several numbers of threads"),
        ],
    ),
    ("data", &[("data list", "what there is"), ("data fetch", "MNIST")]),
    (
        "data fetch",
        &[
            ("data fetch", "MNIST into data/mnist/"),
            ("data fetch kmnist fashion-mnist", "two of its successors"),
        ],
    ),
    ("data verify", &[("data verify mnist", "compare the files with the published checksums")]),
    ("data list", &[("data list", "which data sets there are, and which are here")]),
    (
        "completions",
        &[
            ("completions bash", "for bash; save it where the text above says"),
            ("completions zsh", "for zsh"),
        ],
    ),
    ("man", &[("man man1", "pages in the directory man1; read one with man man1/vae-train.1")]),
    ("ci", &[("ci", "all checks")]),
];

/// The text below the help of a command.
pub(super) fn of(command: &str) -> Option<String> {
    let (_, calls) = EXAMPLES.into_iter().find(|(name, _)| *name == command)?;
    let width =
        calls.iter().map(|(call, _)| call.len()).filter(|&length| length <= WIDTH).max().unwrap_or(WIDTH);
    let lines = calls.iter().map(|(call, what)| match call.len() > WIDTH {
        true => format!("  {} {call}\n      {what}", crate::program::IN_WORKSPACE),
        false => format!("  {} {call:width$}  {what}", crate::program::IN_WORKSPACE),
    });
    Some(format!("Examples:\n{}", lines.collect::<Vec<_>>().join("\n")))
}

/// The longest call that has its explanation beside it.
const WIDTH: usize = 44;
