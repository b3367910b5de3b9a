#!/usr/bin/env python3
"""What the reference's own code takes for steps, tests and image features: bench/reference.py COOP [DEVICE], by default cpu.

COOP is a checkout of https://github.com/KaiyangZhou/CoOp. Needs a Python with PyTorch, torchvision, ftfy, regex and tqdm, but not Dassl,
whose loop is left out. Sizes of ViT-B/16 with random weights, 50 classes, 4 context tokens; on the CPU one thread in f32, on a GPU f16,
the reference's default. Whole steps and tests, as its users pay for them: images are encoded anew, where promptbed has their features,
and SGD moves what is learned. Prints medians."""

import pathlib
import statistics
import sys
import time
import types

CLASSES = 50
STEPS = {"cpu": 3, "cuda": 50}


def let_trainers_load():
    """Puts empty modules in the place of Dassl's, from which the models take nothing."""
    def register(cls):
        return cls

    for name in ("dassl", "dassl.engine", "dassl.metrics", "dassl.utils", "dassl.optim"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["dassl.engine"].TRAINER_REGISTRY = types.SimpleNamespace(register=lambda: register)
    sys.modules["dassl.engine"].TrainerX = object
    for module, names in {"metrics": ["compute_accuracy"], "utils": ["load_pretrained_weights", "load_checkpoint"],
                          "optim": ["build_optimizer", "build_lr_scheduler"]}.items():
        for name in names:
            setattr(sys.modules[f"dassl.{module}"], name, None)


def settings(precision: str) -> types.SimpleNamespace:
    """What the trainers read of their configuration."""
    method = types.SimpleNamespace(N_CTX=4, CTX_INIT="a photo of a", PREC=precision, CSC=False, CLASS_TOKEN_POSITION="end")
    return types.SimpleNamespace(TRAINER=types.SimpleNamespace(COOP=method, COCOOP=method), INPUT=types.SimpleNamespace(SIZE=(224, 224)))


def median_of(work, device: str) -> float:
    import torch

    def wait():
        if device != "cpu":
            torch.cuda.synchronize(device)

    steps, times = STEPS[device.split(":")[0]], []
    for _ in range(steps + 1):
        wait()
        start = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])  # the first allocates


def main() -> int:
    if len(sys.argv) not in (2, 3) or not (pathlib.Path(sys.argv[1]) / "trainers/cocoop.py").is_file():
        print("bench/reference.py: give the folder of a checkout of CoOp, and cpu or cuda", file=sys.stderr)
        return 2
    device = sys.argv[2] if len(sys.argv) == 3 else "cpu"
    sys.path.insert(0, sys.argv[1])
    let_trainers_load()
    import torch
    from clip.model import CLIP, convert_weights
    from trainers import cocoop, coop

    torch.set_num_threads(1)
    torch.manual_seed(1)
    clip = CLIP(512, 224, 12, 768, 16, 77, 49408, 512, 8, 12).eval().requires_grad_(False)
    if device != "cpu":
        convert_weights(clip)  # to f16
    precision = "fp32" if device == "cpu" else "fp16"
    names = [f"thing number {i}" for i in range(CLASSES)]

    def model_of(trainer):
        model = trainer.CustomCLIP(settings(precision), names, clip).to(device)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("prompt_learner" in name)
        return model

    def step_of(trainer, images):
        model = model_of(trainer).train()
        optimiser = torch.optim.SGD(model.prompt_learner.parameters(), lr=0.002, momentum=0.9, weight_decay=5e-4)
        pixels, labels = torch.randn(images, 3, 224, 224, device=device), torch.arange(images, device=device) % CLASSES

        def step():
            optimiser.zero_grad()
            # CoCoOp's model returns its loss in training, CoOp's its logits.
            loss = model(pixels, labels) if trainer is cocoop else torch.nn.functional.cross_entropy(model(pixels), labels)
            loss.backward()
            optimiser.step()
        return step

    def test_of(trainer, images):
        model, pixels = model_of(trainer).eval(), torch.randn(images, 3, 224, 224, device=device)

        def test():
            with torch.no_grad():
                model(pixels)
        return test

    def encode(images):
        pixels = torch.randn(images, 3, 224, 224, device=device).type(clip.dtype)

        def work():
            with torch.no_grad():
                clip.visual(pixels)
        return work

    print(f"PyTorch {torch.__version__}, {device}, {precision}")
    for what, work, parts in [("CoCoOp step, 1 image", step_of(cocoop, 1), 1), ("CoOp step, 32 images", step_of(coop, 32), 1),
                              ("CoCoOp evaluation, 1 image", test_of(cocoop, 1), 1), ("image features, 1 of 8", encode(8), 8)]:
        print(f"{what:28} {median_of(work, device) / parts * 1e3:10.1f} ms", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
