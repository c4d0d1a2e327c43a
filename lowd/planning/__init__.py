"""From a study to the settings of each of its steps, and the code each step runs.

The workflow's rules call these; a step gets exactly the settings that it needs, so that a change
of one key reruns what depends on it and nothing else.
"""

from lowd.planning.across import (
    comparison_step,
    contrast_step,
    linearise_step,
    pair_step,
    plain,
    points,
    relate_step,
)
from lowd.planning.code import (
    code,
    code_across,
    code_with_teacher,
    custom_code,
    descriptor_code,
    image_content,
    image_files,
    network_files,
    pretrained_files,
)
from lowd.planning.descriptors import (
    appraise_step,
    descriptor_step,
    embed_step,
    embedded,
    embedded_from,
    features,
    is_trained,
)
from lowd.planning.findings import (
    agree_step,
    decompose_step,
    follow_step,
)
from lowd.planning.students import (
    gather_step,
    generate_step,
    memorise_step,
    parts,
    samplings,
    trainings,
)
from lowd.planning.studies import (
    FIGURES,
    collect_step,
    controls_step,
    describe_step,
    earlier_models,
    equate_step,
    expect_step,
    figure_step,
    figures,
    images_step,
    manifest_step,
    noise_step,
    pool_step,
    recover_step,
    recoveries,
    score_step,
    sheet_step,
    tabulate_step,
    teacher_step,
)
from lowd.settings import RELATIONS
from lowd.steps.agree import AgreeStep
from lowd.steps.appraise import AppraiseStep
from lowd.steps.collect import CollectStep
from lowd.steps.contrast import ContrastStep
from lowd.steps.controls import ControlsStep
from lowd.steps.decompose import DecomposeStep
from lowd.steps.describe import DescribeStep
from lowd.steps.descriptor import DescriptorStep
from lowd.steps.embed import EmbedStep
from lowd.steps.equate import EquateStep
from lowd.steps.expect import ExpectStep
from lowd.steps.figure import FigureStep
from lowd.steps.follow import FollowStep
from lowd.steps.gather import GatherStep
from lowd.steps.generate import GenerateStep
from lowd.steps.images import ImagesStep
from lowd.steps.linearise import LineariseStep
from lowd.steps.manifest import ManifestStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pair import PairStep
from lowd.steps.pool import PoolStep
from lowd.steps.recover import RecoverStep
from lowd.steps.relate import RelateStep
from lowd.steps.score import ScoreStep
from lowd.steps.sheet import SheetStep
from lowd.steps.tabulate import TabulateStep
from lowd.steps.teacher import TeacherStep
from lowd.steps.train import TrainStep

__all__ = [
    "FIGURES",
    "RELATIONS",
    "AgreeStep",
    "AppraiseStep",
    "CollectStep",
    "ContrastStep",
    "ControlsStep",
    "DecomposeStep",
    "DescribeStep",
    "DescriptorStep",
    "EmbedStep",
    "EquateStep",
    "ExpectStep",
    "FigureStep",
    "FollowStep",
    "GatherStep",
    "GenerateStep",
    "ImagesStep",
    "LineariseStep",
    "ManifestStep",
    "NoiseStep",
    "PairStep",
    "PoolStep",
    "RecoverStep",
    "RelateStep",
    "ScoreStep",
    "SheetStep",
    "TabulateStep",
    "TeacherStep",
    "TrainStep",
    "agree_step",
    "appraise_step",
    "code",
    "code_across",
    "code_with_teacher",
    "collect_step",
    "comparison_step",
    "contrast_step",
    "controls_step",
    "custom_code",
    "decompose_step",
    "describe_step",
    "descriptor_code",
    "descriptor_step",
    "earlier_models",
    "embed_step",
    "embedded",
    "embedded_from",
    "equate_step",
    "expect_step",
    "features",
    "figure_step",
    "figures",
    "follow_step",
    "gather_step",
    "generate_step",
    "image_content",
    "image_files",
    "images_step",
    "is_trained",
    "linearise_step",
    "manifest_step",
    "memorise_step",
    "network_files",
    "noise_step",
    "pair_step",
    "parts",
    "plain",
    "points",
    "pool_step",
    "pretrained_files",
    "recover_step",
    "recoveries",
    "relate_step",
    "samplings",
    "score_step",
    "sheet_step",
    "tabulate_step",
    "teacher_step",
    "trainings",
]
