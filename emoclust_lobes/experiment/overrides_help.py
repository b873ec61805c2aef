"""What ``emoclust COMMAND --help`` tells of the overrides of a YAML."""

OVERRIDES = """\
overrides, as for the training scripts (--key=value or --key value); any key
of the YAML's top level, most often:
  --data_folder=FOLDER        where the corpus lies
  --output_folder=FOLDER      where results go
  --seed=N --fold=K           which run
  --classes=N                 size of the class set
  --label_source=NAME         where labels come from, if there is a choice
  --expect_complete=False     work with a part of the corpus
  --pools=[own,FOLDER,CSV]    speech for pretraining: own (the fold's training
                              speakers), folders SPEAKER/.../*.wav, CSV files
  --speaker_encoder=NAME      ecapa, xvector, resnet, campplus, ge2e, ssl,
                              egemaps or stats
  --speaker_encoder_source=X  hub name or local folder of the first three,
                              HUB@LAYER of ssl
  --n_clusters=N              clusters per speaker, or silhouette
  --device=cuda:0             where to compute (a SpeechBrain run option)
  --precision=bf16            how, in training: protocol only

examples:
  {examples}
"""
OVERRIDES_ACROSS = """\
overrides, as for the training scripts (--key=value or --key value): keys of
the YAML's top level but those that say which corpus, classes and fold; most
often:
  --output_folder=FOLDER      where results go
  --seed=N                    the first run
  --expect_complete=False     work with parts of the corpora
  --speaker_encoder=NAME      ecapa, xvector, resnet, campplus, ge2e, ssl,
                              egemaps or stats
  --n_clusters=N              clusters per speaker, or silhouette
  --device=cuda:0             where to compute (a SpeechBrain run option)
  --precision=bf16            how, in training (another)

examples:
  {examples}
"""
