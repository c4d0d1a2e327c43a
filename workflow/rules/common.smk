def declared(wildcards):
    """All that a study makes: after a clone the small part lies in git and the rest must not be
    taken for made."""
    models = list(STUDIES[wildcards.study].models)
    return [
        *expand(rules.train.output + rules.generate.output, study=wildcards.study, model=models),
        *expand(rules.score.output, study=wildcards.study, model=models),
        *expand(
            [
                *rules.teacher.output,
                *rules.pool.output,
                *rules.noise.output,
                *rules.describe.output,
                *rules.generate_teacher.output,
                *rules.generate_empirical.output,
                *rules.controls.output,
                *rules.collect.output,
            ],
            study=wildcards.study,
        ),
        *expand(
            "figures/{study}/{figure}.{suffix}",
            study=wildcards.study,
            figure=planning.figures(STUDIES[wildcards.study]),
            suffix=["svg", "png", "txt"],
        ),
    ]


def statements(wildcards):
    """The statement of every job of a study."""
    study = STUDIES[wildcards.study]
    single = [
        *[rules.teacher, rules.pool, rules.noise, rules.describe, rules.generate_teacher],
        *[rules.generate_empirical, rules.controls, rules.collect, rules.manifest],
        *[rules.sheet for figure in planning.figures(study) if figure == "samples"],
    ]
    made = [rules.train, rules.generate, rules.score, rules.figure, *single]
    return expand(
        [job.params.statement for job in made],
        study=wildcards.study,
        model=list(study.models),
        figure=planning.FIGURES,
    )
