def declared(wildcards):
    """All that a study makes: after a clone the small part lies in git and the rest must not be
    taken for made."""
    study = settings_of(wildcards.study)
    if wildcards.study in FINDINGS:
        jobs = finding_jobs
    else:
        jobs = theory_jobs if wildcards.study in THEORIES else transition_jobs
    return [
        *[path for job in jobs(wildcards) for path in job],
        *expand(
            "figures/{study}/{figure}.{suffix}",
            study=wildcards.study,
            figure=planning.figures(study),
            suffix=["svg", "png", "txt"],
        ),
    ]


def transition_jobs(wildcards):
    """What every job but the figures of a transition study leaves."""
    models = list(STUDIES[wildcards.study].models)
    single = [rules.teacher, rules.pool, rules.noise, rules.describe, rules.generate_teacher]
    single += [rules.generate_empirical, rules.controls, rules.collect]
    return [
        *[
            expand(job.output, study=wildcards.study, model=models)
            for job in (rules.train, rules.generate, rules.score)
        ],
        *[expand(job.output, study=wildcards.study) for job in single],
    ]


def theory_jobs(wildcards):
    """What every job but the figures of a theory study leaves."""
    single = [rules.expect, rules.equate, rules.tabulate]
    return [
        recovered(wildcards),
        *[expand(job.output, study=wildcards.study) for job in single],
    ]


def recovered(wildcards, pattern="data/{study}/recovered/K{clusters}-r{rank}.zarr"):
    """A path for every (clusters, rank) of a theory study."""
    cells = planning.recoveries(THEORIES[wildcards.study])
    return [
        pattern.format(study=wildcards.study, clusters=clusters, rank=rank)
        for clusters, rank in cells
    ]


def statements(wildcards):
    """The statement of every job of a study."""
    study = settings_of(wildcards.study)
    if wildcards.study in FINDINGS:
        made = [CLOSE_LOOKS[study.kind]()]
        if study.kind == "dynamics":
            made.append(rules.generate_empirical)
        found = [
            *expand(
                rules.train.params.statement,
                study=wildcards.study,
                model=planning.trainings(study, STUDIES[study.study]),
            ),
            *expand(
                rules.generate.params.statement,
                study=wildcards.study,
                model=SAMPLINGS[wildcards.study],
            ),
        ]
    elif wildcards.study in THEORIES:
        made = [rules.expect, rules.equate, rules.tabulate]
        found = recovered(wildcards, rules.recover.params.statement)
    else:
        made = [rules.teacher, rules.pool, rules.noise, rules.describe, rules.generate_teacher]
        made += [rules.generate_empirical, rules.controls, rules.collect]
        made += [rules.sheet for figure in planning.figures(study) if figure == "samples"]
        found = expand(
            [job.params.statement for job in (rules.train, rules.generate, rules.score)],
            study=wildcards.study,
            model=list(study.models),
        )
    figures = [figure for figure in planning.figures(study) if figure != "samples"]
    return [
        *found,
        *expand([job.params.statement for job in [*made, rules.manifest]], study=wildcards.study),
        *expand(rules.figure.params.statement, study=wildcards.study, figure=figures),
    ]


def named(kind):
    """The names across studies whose figures are of that kind."""
    return "|".join(name for name, one in PARAMS.across.items() if one.figure == kind) or "none"


# Looked up when they are needed: these rules come after.
CLOSE_LOOKS = {
    "dynamics": lambda: rules.follow,
    "bias-variance": lambda: rules.decompose,
    "families": lambda: rules.agree,
}


def settings_of(name):
    """Settings of a study or of a finding."""
    return FINDINGS[name] if name in FINDINGS else PARAMS.studies[name]


def base(name):
    """The study whose teacher, pool, noises and yardstick a study uses: its own, if it has one."""
    return FINDINGS[name].study if name in FINDINGS else name


def finding(kind):
    """The names of findings of a kind."""
    return "|".join(name for name, one in FINDINGS.items() if one.kind == kind) or "none"


def train_step(wildcards):
    """Settings of a stack."""
    if wildcards.study in FINDINGS:
        one = FINDINGS[wildcards.study]
        return planning.trainings(one, STUDIES[one.study])[wildcards.model]
    return planning.train_step(STUDIES[wildcards.study], wildcards.model)


def generate_step(wildcards):
    """Settings of what students generate."""
    if wildcards.study in FINDINGS:
        one = FINDINGS[wildcards.study]
        return planning.sample_step(one, STUDIES[one.study], wildcards.model)
    return planning.generate_step(STUDIES[wildcards.study])


def memorise_step(wildcards):
    """Settings of what empirical denoisers generate."""
    if wildcards.study in FINDINGS:
        one = FINDINGS[wildcards.study]
        return planning.memorise_step(one, STUDIES[one.study])
    return planning.generate_step(STUDIES[wildcards.study], grid=True)


def stack(wildcards):
    """The stack that something is generated by."""
    if wildcards.study in FINDINGS:
        return SAMPLINGS[wildcards.study][wildcards.model][0]
    return wildcards.model


def trained(study):
    """Every stack of a finding."""
    one = FINDINGS[study]
    return expand(
        rules.train.output, study=study, model=planning.trainings(one, STUDIES[one.study])
    )


def generated(study, suffix=""):
    """All that a finding generates, under names that end so."""
    names = [name for name in SAMPLINGS[study] if name.endswith(suffix)]
    return expand(rules.generate.output, study=study, model=names)


def finding_jobs(wildcards):
    """What every job but the figures of a finding leaves."""
    kind = FINDINGS[wildcards.study].kind
    single = [CLOSE_LOOKS[kind]()]
    if kind == "dynamics":
        single.append(rules.generate_empirical)
    return [
        trained(wildcards.study),
        generated(wildcards.study),
        *[expand(job.output, study=wildcards.study) for job in single],
    ]
