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
