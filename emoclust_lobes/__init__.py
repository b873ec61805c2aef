"""Parts for learning emotions from the clusters inside each speaker.

Each room hands on what a YAML or a training script of one's own names, as in
``from emoclust_lobes.encoders import SSLFrontEnd``.
"""
