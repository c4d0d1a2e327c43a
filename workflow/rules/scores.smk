rule score:
    input:
        generated=described(rules.generate),
        teacher=described(rules.generate_teacher),
        empirical=described(rules.generate_empirical),
        pool=described(rules.pool),
        yardstick=rules.describe.output,
        others=lambda w: described(
            rules.generate, model=planning.earlier_models(STUDIES[w.study], w.model)
        )(w),
    output:
        directory("data/{study}/scores/{model}.zarr"),
    log:
        "logs/{study}/score-{model}.log",
    benchmark:
        "logs/{study}/score-{model}.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.score_step(STUDIES[w.study], w.model).model_dump_json(),
        others=lambda w, input: " ".join(f"--other {path}" for path in input.others),
        code=planning.code(planning.ScoreStep),
        statement="provenance/{study}/score-{model}.json",
    shell:
        "lowd score --settings {params.settings:q} --generated {input.generated:q}"
        " --teacher {input.teacher:q} --empirical {input.empirical:q} --pool {input.pool:q}"
        " --yardstick {input.yardstick:q} {params.others} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule controls:
    input:
        teacher=described(rules.generate_teacher),
        empirical=described(rules.generate_empirical),
        noise=described(rules.noise),
        pool=described(rules.pool),
        yardstick=rules.describe.output,
    output:
        directory("data/{study}/scores/controls.zarr"),
    log:
        "logs/{study}/controls.log",
    benchmark:
        "logs/{study}/controls.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.controls_step(STUDIES[w.study]).model_dump_json(),
        code=planning.code(planning.ControlsStep),
        statement="provenance/{study}/controls.json",
    shell:
        "lowd controls --settings {params.settings:q} --teacher {input.teacher:q}"
        " --empirical {input.empirical:q} --noise {input.noise:q} --pool {input.pool:q}"
        " --yardstick {input.yardstick:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule collect:
    input:
        scores=lambda w: expand(
            rules.score.output, study=w.study, model=list(STUDIES[w.study].models)
        ),
        controls=rules.controls.output,
        yardstick=lambda w: expand(
            (rules.appraise if STUDIES[w.study].is_embedded else rules.describe).output,
            study=w.study,
        ),
    output:
        directory("results/{study}.zarr"),
    log:
        "logs/{study}/collect.log",
    benchmark:
        "logs/{study}/collect.tsv"
    wildcard_constraints:
        study="|".join(STUDIES) or "none",
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.collect_step(STUDIES[w.study]).model_dump_json(),
        scores=lambda w, input: " ".join(f"--score {path}" for path in input.scores),
        code=planning.code(planning.CollectStep),
        statement="provenance/{study}/collect.json",
    shell:
        "lowd collect --settings {params.settings:q} {params.scores}"
        " --controls {input.controls:q} --yardstick {input.yardstick:q}"
        " --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"
