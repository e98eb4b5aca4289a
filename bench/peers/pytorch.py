"""PyTorch with fused Adam, as a peer of the benchmark: see serve.ts for the few lines it speaks."""

import json
import sys
import time

task = json.loads(sys.argv[1])
try:
    import torch
except ImportError as error:
    print(json.dumps({"absent": f"{error}: bash bench/make-venv.sh installs it"}), flush=True)
    sys.exit(0)

torch.set_num_threads(task["threads"])
torch.manual_seed(7)
widths, batch, samples = task["widths"], task["batch"], task["samples"]
layers = []
for i, (given, made) in enumerate(zip(widths, widths[1:])):
    layers += [torch.nn.Linear(given, made)] + ([torch.nn.ReLU()] if i < len(widths) - 2 else [])
model = torch.nn.Sequential(*layers)
optimizer = torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7, fused=True)
x = torch.rand(samples, widths[0]) * 2 - 1
y = x[:, : widths[-1]].argmax(1)
print(json.dumps({"label": f"PyTorch {torch.__version__}, fused Adam"}), flush=True)

for _ in sys.stdin:
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < task["roundSeconds"] or steps < 20:
        order = torch.randperm(samples)
        for at in range(0, samples - batch + 1, batch):
            rows = order[at : at + batch]
            optimizer.zero_grad(set_to_none=True)
            loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            steps += 1
    seconds = time.perf_counter() - began
    print(json.dumps({"steps": steps, "seconds": seconds, "loss": loss.item()}), flush=True)
