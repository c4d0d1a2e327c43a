def jobs(study):
    """Every job of a study or finding but its manifest: the rule and its wildcards."""
    one = PARAMS.every[study]
    if study in THEORIES:
        for clusters, rank in planning.recoveries(one):
            yield rules.recover, {"clusters": clusters, "rank": rank}
        single = ["expect", "equate", "tabulate"]
    else:
        for model in trainings(study):
            own = planning.parts(one, model) if study in STUDIES else ()
            for part in range(1, len(own) + 1):
                yield rules.train_part, {"model": model, "part": part}
            yield rules.gather if own else rules.train, {"model": model}
        for name in SAMPLINGS[study]:
            yield rules.generate, {"model": name}
        single = SINGLE[one.kind]
    if study in STUDIES and one.is_embedded:
        for stored in planning.embedded(one):
            yield rules.embed, {"stored": stored}
        yield rules.appraise, {}
        if planning.is_trained(one):
            yield rules.descriptor, {}
    for model in one.models if study in STUDIES else ():
        yield rules.score, {"model": model}
    for name in single:
        yield getattr(rules, name), {}
    if has_images(study):
        yield rules.images, {}
    for figure in planning.figures(one):
        yield rules.figure, {"figure": figure}
    if study in STUDIES and one.is_of_images:
        yield rules.sheet, {}


SINGLE = {
    "transition": [
        *["teacher", "pool", "noise", "describe", "generate_teacher", "generate_empirical"],
        *["controls", "collect"],
    ],
    "dynamics": ["generate_empirical", "follow"],
    "bias-variance": ["decompose"],
    "families": ["agree"],
}
"""Rules with a single job, by the kind of study."""


def declared(wildcards):
    """All that a study makes: after a clone the small part lies in git and the rest must not be
    taken for made."""
    return [
        path
        for rule, own in jobs(wildcards.study)
        for path in expand(rule.output, study=wildcards.study, **own)
    ]


def statements(wildcards):
    """The statement of every job of a study, the manifest's own too."""
    every = [*jobs(wildcards.study), (rules.manifest, {})]
    return [
        path
        for rule, own in every
        for path in expand(rule.params.statement, study=wildcards.study, **own)
    ]


def base(study):
    """The study whose teacher, pool, noises, sampler and yardstick are used: its own, if any."""
    return STUDIES[base_name(study)]


def base_name(study):
    """What that study is called."""
    return FINDINGS[study].study if study in FINDINGS else study


def has_images(study):
    """Whether the study has a teacher of its own that learns from images."""
    return study in STUDIES and STUDIES[study].teacher.kind == "trained"


def images_of(wildcards):
    """The images that the teacher learns from, if it does."""
    return expand(rules.images.output, study=filter(has_images, [wildcards.study]))


def of_base(rule):
    """Of every study, what the rule leaves for the study that it is on."""
    return lambda wildcards: expand(rule.output, study=base_name(wildcards.study))


def described(rule, **wildcards):
    """What the rule leaves for a study, or its features if a network is to describe it."""
    return lambda w: [
        planning.features(path, STUDIES[w.study])
        for path in expand(rule.output, **{**dict(w.items()), **wildcards})
    ]


def trained_descriptor(wildcards):
    """The weights of a descriptor that the study trains itself."""
    if planning.is_trained(STUDIES[wildcards.study]):
        return expand(rules.descriptor.output, study=wildcards.study)
    return []


@cache
def trainings(study):
    """Settings of every stack of a study, made once and not for every stack."""
    return planning.trainings(PARAMS.every[study], base(study))


def trained(study):
    """Every stack of a study."""
    return expand(rules.train.output, study=study, model=trainings(study))


def generated(study, suffix=""):
    """All that students of a study generate, under names that end so."""
    names = [name for name in SAMPLINGS[study] if name.endswith(suffix)]
    return expand(rules.generate.output, study=study, model=names)


def in_parts(split):
    """The names of all whose models train in several jobs each, or in one."""
    names = [name for name in PARAMS.every if (name in IN_PARTS) == split]
    return "|".join(names) or "none"


def of_kind(kind):
    """The names of findings of a kind."""
    return "|".join(name for name, one in FINDINGS.items() if one.kind == kind) or "none"


def named(kind):
    """The names across studies whose figures are of that kind."""
    return "|".join(name for name, one in PARAMS.across.items() if one.figure == kind) or "none"
