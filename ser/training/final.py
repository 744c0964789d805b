"""Train the model that is used, on everybody: clips flow in, a model folder out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ser.corpora.clips import SpokenClip
from ser.corpora.enough import check_enough
from ser.corpora.ravdess import Clip
from ser.features.feature_copies import make_feature_copies
from ser.features.mfcc import new_extractor
from ser.network import artefact
from ser.training.recipes import calibrate_by_folds
from ser.training.train import TrainSettings, fit_network


def train_shipped_model(
    clips: Sequence[Clip], out: Path, *, seed: int = 0, settings: TrainSettings | None = None
) -> None:
    """Train on all clips and write the model folder that is shipped.

    How good this recipe is on unseen speakers is for
    `ser.evaluation.cross_validation.cross_validate` to say: the network that is written here has
    heard every actor. For the same reason its calibration is the mean of those of the fold networks
    in `out`; where there are none of this recipe, it has none.

    Parameters
    ----------
    clips
        All the clips to train on.
    out
        Model folder; predictions, fold networks and card in it stay.
    seed
        Seed of weights, order and augmentation.
    settings
        The recipe.

    Raises
    ------
    InputError
        If there are too few clips (`ser.corpora.enough`), `out` holds another kind of model, or a
        clip cannot be read.
    """
    check_enough(clips)
    described = {"actors": sorted({clip.actor for clip in clips})}
    train_on_all(clips, out, described, seed=seed, settings=settings)


def train_on_all(
    clips: Sequence[SpokenClip],
    out: Path,
    described: Mapping[str, Any],
    *,
    seed: int = 0,
    settings: TrainSettings | None = None,
) -> None:
    """Train on clips of any corpora, all of them, and write the model folder.

    Parameters
    ----------
    clips
        All the clips to train on; whether they are enough is for the caller to say.
    out, seed, settings
        As for `train_shipped_model`; so is the calibration.
    described
        What the recipe says of the clips: of RAVDESS the actors, of others
        `ser.training.recipes.description_of`.

    Raises
    ------
    InputError
        If `out` holds another kind of model, or a clip cannot be read.
    """
    artefact.KIND.check_target(out)  # before hours of training
    settings = settings or TrainSettings()
    extractor = new_extractor()
    copies = make_feature_copies(clips, extractor, settings.augment)
    model = fit_network(copies, clips, extractor, settings, seed=seed)
    recipe = {
        "seed": seed,
        "n_clips": len(clips),
        **described,
        "training": settings.to_dict(),
    }
    artefact.save(out, model, extractor, recipe, with_keras=True)
    calibrate_by_folds(out)
