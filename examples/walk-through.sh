#!/usr/bin/env bash
# The main job with curl against a service that runs (npm start): upload, describe, train, watch, predict.
#   bash examples/walk-through.sh [http://127.0.0.1:3000]
set -euo pipefail
service=${1:-http://127.0.0.1:3000}
cd "$(dirname "$0")"

# field NAME: one field of the JSON on standard input.
field() { node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8"))[process.argv[1]]' "$1"; }

dataset=$(curl --silent --show-error --fail-with-body "$service/v1/datasets" --form name=iris --form file=@iris.csv | field id)
echo "data set $dataset"

model=iris-$RANDOM
curl --silent --show-error --fail-with-body "$service/v1/models" --json '{
  "name": "'"$model"'",
  "layers": [
    { "type": "Dense", "units": 16, "activation": "relu" },
    { "type": "Dense", "units": 3, "activation": "softmax" }
  ]
}' >/dev/null
echo "model $model"

training=$(curl --silent --show-error --fail-with-body "$service/v1/models/$model/trainings" --json '{
  "dataset": "'"$dataset"'",
  "target": "species",
  "split": { "train": 0.6, "validation": 0.2, "test": 0.2 },
  "optimizer": { "name": "adam", "learning_rate": 0.01 },
  "metrics": ["accuracy"],
  "epochs": 50,
  "batch_size": 16,
  "seed": 42
}' | field id)
echo "training $training"

# server-sent events: one per epoch, then `finished`, after which the service ends the stream
curl --silent --show-error --fail-with-body --no-buffer "$service/v1/trainings/$training/events" | grep '^event:' | sort | uniq -c

echo "its summary, as Keras prints it:"
curl --silent --show-error --fail-with-body --header 'accept: text/plain' "$service/v1/models/$model/summary"
echo

echo "a prediction:"
curl --silent --show-error --fail-with-body "$service/v1/models/$model/predict" --json '{
  "instances": [ { "sepal_length": 6.3, "sepal_width": 3.3, "petal_length": 6.0, "petal_width": 2.5 } ]
}'
echo
