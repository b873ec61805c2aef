#!/usr/bin/env bash
# Both stages on one GPU, DDP on one process, bf16, compiled: at most 8 minutes.
# With --tiny: on a CPU, a tiny front end, to see that it runs.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH=$PWD
for stage in 1 2; do
  timeout 235 "${PYTHON:-python}" -m torch.distributed.run --standalone \
    --nproc_per_node=1 -m benchmarks.gpu --stage=$stage "$@" |
    grep '^{'
done
