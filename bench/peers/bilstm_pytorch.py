"""PyTorch with fused Adam on Embedding, bidirectional LSTM, two dense layers: see serve.ts for the few lines it speaks."""

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
vocabulary, features, units, hidden, length = task["widths"]
batch, samples = task["batch"], task["samples"]


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, features)
        self.lstm = torch.nn.LSTM(features, units, bidirectional=True)
        self.first, self.last = torch.nn.Linear(2 * units, hidden), torch.nn.Linear(hidden, 1)

    def forward(self, ids):
        _, (h, _) = self.lstm(self.embedding(ids.t()))
        return self.last(torch.relu(self.first(torch.cat([h[0], h[1]], 1))))[:, 0]


model = Network()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7, fused=True)
y = (torch.arange(samples) % 2).float()
told = torch.rand(samples, length) < 0.2
parity = torch.where(told, y[:, None].long(), torch.randint(0, 2, (samples, length)))
x = 2 * torch.randint(0, vocabulary // 2, (samples, length)) + parity
print(json.dumps({"label": f"PyTorch {torch.__version__}, fused Adam"}), flush=True)

for _ in sys.stdin:
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < task["roundSeconds"] or steps < 20:
        order = torch.randperm(samples)
        for at in range(0, samples - batch + 1, batch):
            rows = order[at : at + batch]
            optimizer.zero_grad(set_to_none=True)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            steps += 1
    seconds = time.perf_counter() - began
    print(json.dumps({"steps": steps, "seconds": seconds, "loss": loss.item()}), flush=True)
