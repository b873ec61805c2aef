"""Models for programs without PyTorch: one ONNX file, waveform to emotion."""
