"""Models for programs without PyTorch: one ONNX file, waveform to emotion."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={"command": ["export_onnx"]},
)
