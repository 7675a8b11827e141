#!/usr/bin/env bash
# Kills trainings without warning, again and again, and expects of each that going on reaches the same bytes as a
# training that nobody disturbed.
#
#   tests/kill_and_resume.sh [N=20]    SEED=1 repeats the plan of the kills, though not their effect to the millisecond
#
# A kill comes at any time: uniformly over the length of a training, within its first moments (before there is any
# file), or while a file is being written, which is at the ends of epochs. After each, whatever model file is there
# must be whole. Needs bash 5.
set -euo pipefail

trials=${1:-20}
RANDOM=${SEED:-$$}

cd "$(dirname "$0")/.."
cargo build --quiet --release --package xtask
target=$(cargo metadata --no-deps --format-version 1 | sed -E 's/.*"target_directory":"([^"]*)".*/\1/')
# Not by way of cargo: the kill must hit the trainer.
vae=$target/release/vae

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
unset VAE_DATA
export CARGO_MANIFEST_DIR=$scratch/xtask

settings=(--data digits --digits 20000 --validation 1000 --hidden 128,64 --latent 8 --batch 32 --epochs 6)

# Sets `milliseconds` to the time.
read_clock() {
    milliseconds=$((${EPOCHREALTIME/[.,]/} / 1000))
}

# Sleeps for a random time below $1 milliseconds.
doze() {
    local time=$(((RANDOM * 32768 + RANDOM) % $1)) text
    printf -v text '%d.%03d' $((time / 1000)) $((time % 1000))
    sleep "$text"
}

# The metrics of the run in $1 without what a clock said.
metrics() {
    sed -E 's/,"(train_seconds|images_per_second)":[^,}]*//g' "$1/metrics.jsonl"
}

# Trains in $1 to the end, and kills it on the way by plan $2, if there is one. Counts what it did in `kills` and,
# if a file was then half-written, in `cuts`. Its status is that of the training.
train() {
    local run=$1 plan=${2:-} pid status=0 resume=()
    # Nothing can go on where nothing was begun; a kill in the first moments leaves that.
    [[ -e $run/config.toml ]] && resume=(--resume)
    "$vae" train "${settings[@]}" --run "$run" "${resume[@]}" >"$run.log" 2>&1 &
    pid=$!
    case $plan in
    anywhere) doze "$duration" ;;
    early) doze 60 ;;
    writing)
        doze "$duration"
        # Half-written files carry this name for a moment.
        while kill -0 "$pid" 2>/dev/null && ! compgen -G "$run/.partial-*" >/dev/null; do :; done
        ;;
    esac
    [[ -z $plan ]] || kill -9 "$pid" 2>/dev/null || true
    # Together with the shell's own word about a killed job.
    { wait "$pid" || status=$?; } 2>/dev/null
    if ((status == 137)); then
        kills=$((kills + 1))
        if compgen -G "$run/.partial-*" >/dev/null; then cuts=$((cuts + 1)); fi
    fi
    return $status
}

# Whether the run in $1 is what the undisturbed one is; says what is not.
is_the_same() {
    local run=$1 file status=0
    for file in model.safetensors checkpoint.safetensors config.toml pictures/samples.png; do
        cmp "$run/$file" "undisturbed/$file" || status=1
    done
    diff <(metrics "$run") <(metrics undisturbed) || status=1
    if compgen -G "$run/.partial-*"; then
        echo "half-written files are left"
        status=1
    fi
    return $status
}

kills=0 cuts=0
read_clock
start=$milliseconds
train undisturbed || { cat undisturbed.log && exit 1; }
read_clock
duration=$((milliseconds - start))
echo "undisturbed: $duration ms"

passed=0 failed=0
plans=(anywhere early writing writing)
while ((passed + failed < trials)); do
    run=trial-$((passed + failed + 1))
    kills=0 cuts=0 wrong=
    for ((i = RANDOM % 3; i >= 0; i--)); do
        status=0
        train "$run" "${plans[RANDOM % ${#plans[@]}]}" || status=$?
        if ((status != 0 && status != 137)); then
            wrong="the training failed: $(tail -n 1 "$run.log")"
        elif [[ -e $run/model.safetensors ]] &&
            ! "$vae" grid --run "$run" --rows 1 --cols 1 --out "$run.png" >"$run.log" 2>&1; then
            wrong="the model is broken: $(tail -n 1 "$run.log")"
        fi
    done
    # A training that ended before its kill proves nothing, so it is not counted.
    if ((kills > 0)); then
        if ! train "$run"; then
            wrong="going on failed: $(tail -n 1 "$run.log")"
        elif ! differences=$(is_the_same "$run" 2>&1); then
            wrong=$differences
        fi
    fi
    if [[ -n $wrong ]]; then
        failed=$((failed + 1))
        echo "$run: FAILED after $kills kills: $wrong"
    elif ((kills > 0)); then
        passed=$((passed + 1))
        echo "$run: passed ($kills kills, $cuts of them within a write)"
    fi
    rm -rf "$run" "$run.log" "$run.png"
done

echo "$passed passed, $failed failed"
((failed == 0))
