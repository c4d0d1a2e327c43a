rule figure:
    input:
        results=rules.collect.output,
    output:
        svg=report("figures/{study}/{figure}.svg", category="{study}"),
        png="figures/{study}/{figure}.png",
    params:
        settings=lambda w: planning.figure_step(w.figure).model_dump_json(),
        code=lambda w: planning.code("lowd.steps.figure", f"lowd.figures.{w.figure}"),
    log:
        "logs/{study}/figure-{figure}.log",
    benchmark:
        "logs/{study}/figure-{figure}.tsv"
    shell:
        "lowd figure --settings {params.settings:q} --results {input.results:q}"
        " --output {output.svg:q} --output {output.png:q} > {log:q} 2>&1"


rule sheet:
    input:
        teacher=rules.generate_teacher.output,
        generated=lambda w: expand(
            rules.generate.output, study=w.study, model=planning.sheet_step(STUDIES[w.study]).name
        ),
        pool=rules.pool.output,
    output:
        svg=report("figures/{study}/samples.svg", category="{study}"),
        png="figures/{study}/samples.png",
    params:
        settings=lambda w: planning.sheet_step(STUDIES[w.study]).model_dump_json(),
        code=planning.code("lowd.steps.sheet"),
    log:
        "logs/{study}/sheet.log",
    benchmark:
        "logs/{study}/sheet.tsv"
    shell:
        "lowd sheet --settings {params.settings:q} --teacher {input.teacher:q}"
        " --generated {input.generated:q} --pool {input.pool:q}"
        " --output {output.svg:q} --output {output.png:q} > {log:q} 2>&1"


rule comparison:
    input:
        results=lambda w: expand(
            rules.collect.output, study=PARAMS.across[w.comparison].studies
        ),
    output:
        svg=report("figures/across/{comparison}.svg", category="across studies"),
        png="figures/across/{comparison}.png",
    params:
        settings=lambda w: planning.comparison_step(
            PARAMS.across[w.comparison]
        ).model_dump_json(),
        results=lambda w, input: " ".join(f"--results {path}" for path in input.results),
        code=lambda w: planning.code(
            "lowd.steps.figure", f"lowd.figures.{PARAMS.across[w.comparison].figure}"
        ),
    log:
        "logs/across/{comparison}.log",
    benchmark:
        "logs/across/{comparison}.tsv"
    shell:
        "lowd figure --settings {params.settings:q} {params.results}"
        " --output {output.svg:q} --output {output.png:q} > {log:q} 2>&1"


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
            suffix=["svg", "png"],
        ),
    ]


rule manifest:
    input:
        declared,
    output:
        "data/{study}/manifest.json",
    params:
        settings=lambda w, input: planning.manifest_step(w.study, input).model_dump_json(),
        code=planning.code("lowd.steps.manifest"),
    log:
        "logs/{study}/manifest.log",
    shell:
        "lowd manifest --settings {params.settings:q} --output {output:q} > {log:q} 2>&1"
