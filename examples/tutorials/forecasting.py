"""
Forecasting: generate, train, roll out, verify, draw
====================================================

At the end you will have generated a flow on the rotating Earth, trained a network to
step it by six hours, made forecasts of four days, and scored them by lead time beside
two references. Series of your own files take the same way.
"""

# %%
# Generate
# --------
#
# The barotropic vorticity equation is the model of the first numerical weather
# forecasts. Its state are the coefficients of the vorticity; fields on any sampling
# follow from them. The command ``deepsphere-pyg generate barotropic`` writes such
# series to a file.

import matplotlib.pyplot as plt
import numpy as np
import torch

from deepsphere_pyg.datasets import BarotropicVorticity, random_vorticity
from deepsphere_pyg.harmonics import ISHT
from deepsphere_pyg.metrics import Verification, persistence
from deepsphere_pyg.models import VorticityNetwork
from deepsphere_pyg.plot import STYLE_FILE, draw_map
from deepsphere_pyg.training import fit_forecast
from samplings import GaussLegendre

L, hours = 12, 6
model = BarotropicVorticity(L=L, step=10800.0)
sampling = GaussLegendre(L=18)
states = [random_vorticity(L, speed=15.0, degree=4.0, seed=0)]
for _ in range(110):
    states.append(model.advanced(states[-1], hours=hours))
to_fields = ISHT(sampling, L, dtype=torch.float64)
series = to_fields(torch.stack(states)).float()
print(f"{len(series)} states of {len(sampling)} vertices, {hours} hours apart")

# %%
# Train
# -----
#
# :class:`~deepsphere_pyg.models.VorticityNetwork` computes winds from the vorticity by
# harmonics, and learns the flux that they carry. It is told the sine of the latitude,
# since the Earth rotates. The loss is that of two steps, with the output of the first
# fed back. :func:`~deepsphere_pyg.training.fit_forecast` standardizes states and
# validates on the last part of the times; the test is on later ones.

train, test = series[:70], series[70:]
latitude = sampling.xyz[:, 2:].astype(np.float32)
torch.manual_seed(0)
network = VorticityNetwork(2, sampling, L=L, products=6, substeps=1, degree=4.0)
trained = fit_forecast(
    network,
    train,
    static=latitude,
    steps=2,
    residual=False,
    epochs=3,
    batch_size=4,
    learning_rate=0.02,
)

# %%
# Roll out
# --------
#
# Forecasts from each test time, 16 steps ahead.

leads = 16
starts = range(0, len(test) - leads, 4)
forecasts = torch.stack(
    [torch.as_tensor(trained.task.rollout(test[i], steps=leads)) for i in starts]
)
truth = torch.stack([test[i + 1 : i + 1 + leads] for i in starts])
normal = train.mean(dim=0)
present = torch.stack([test[i] for i in starts])
all_forecasts = {
    "network": forecasts,
    "persistence": persistence(present, leads),
    "climatology": normal.expand_as(truth),
}

# %%
# Verify
# ------
#
# :class:`~deepsphere_pyg.metrics.Verification` adds up scores batch by batch, for lead
# times, channels and regions.

regions = ["global", "tropics"]
scores = {}
for name, forecast in all_forecasts.items():
    verification = Verification(sampling, channels=1, leads=leads, regions=regions)
    verification.update(forecast, truth)
    scores[name] = 1e5 * verification.compute().rmse[..., 0].numpy()
    day = ", ".join(f"{error:.2f}" for error in scores[name][0, 3::4])
    print(f"{name:12} error after 1, 2, 3, 4 days: {day} in 1e-5 / s")

# %%
# Draw
# ----

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(2, 2, figsize=(11, 6.4), layout="constrained")
style = {"label": "vorticity ($10^{-5}$ s$^{-1}$)", "cmap": "RdBu_r", "limits": (-2, 2)}
for panel, field, title in (
    (axes[0, 0], present[0], "start"),
    (axes[0, 1], truth[0, -1], "truth after 4 days"),
    (axes[1, 0], forecasts[0, -1], "forecast of 4 days"),
):
    draw_map(panel, sampling, 1e5 * field[:, 0].numpy(), title=title, **style)
time = np.arange(1, leads + 1) * hours / 24
for name, errors in scores.items():
    (line,) = axes[1, 1].plot(time, errors[0], label=name)
    axes[1, 1].plot(time, errors[1], "--", color=line.get_color())
axes[1, 1].set(
    xlabel="days ahead (dashed: tropics)",
    ylabel="error ($10^{-5}$ s$^{-1}$)",
    ylim=0,
)
axes[1, 1].legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
plt.show()
