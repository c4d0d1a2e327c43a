def declared(wildcards):
    """All that a study makes: after a clone the small part lies in git and the rest must not be
    taken for made."""
    study = PARAMS.studies[wildcards.study]
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
    study = PARAMS.studies[wildcards.study]
    if wildcards.study in THEORIES:
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
