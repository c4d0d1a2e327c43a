rule train:
    input:
        pool=of_base(rules.pool),
    output:
        "data/{study}/students/{model}/weights.safetensors",
    log:
        "logs/{study}/train-{model}.log",
    benchmark:
        "logs/{study}/train-{model}.tsv"
    wildcard_constraints:
        study=in_parts(False),
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: trainings(w.study)[w.model].model_dump_json(),
        code=planning.code(planning.TrainStep),
        statement="provenance/{study}/train-{model}.json",
    shell:
        "lowd train --settings {params.settings:q} --pool {input.pool:q} --output {output:q}"
        " --scratch .lowd/{wildcards.study}/{wildcards.model}-{params.code}.safetensors"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule train_part:
    input:
        pool=rules.pool.output,
    output:
        "data/{study}/parts/{model}.{part}/weights.safetensors",
    log:
        "logs/{study}/train-{model}.{part}.log",
    benchmark:
        "logs/{study}/train-{model}.{part}.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.parts(STUDIES[w.study], w.model)[
            f"{w.model}.{w.part}"
        ].model_dump_json(),
        code=planning.code(planning.TrainStep),
        statement="provenance/{study}/train-{model}.{part}.json",
    shell:
        "lowd train --settings {params.settings:q} --pool {input.pool:q} --output {output:q}"
        " --scratch .lowd/{wildcards.study}/{wildcards.model}.{wildcards.part}-{params.code}.safetensors"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule gather:
    input:
        parts=lambda w: expand(
            "data/{study}/parts/{part}/weights.safetensors",
            study=w.study,
            part=planning.parts(STUDIES[w.study], w.model),
        ),
    output:
        "data/{study}/students/{model}/weights.safetensors",
    log:
        "logs/{study}/gather-{model}.log",
    benchmark:
        "logs/{study}/gather-{model}.tsv"
    wildcard_constraints:
        study=in_parts(True),
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.gather_step(STUDIES[w.study]).model_dump_json(),
        parts=lambda w, input: " ".join(f"--part {path}" for path in input.parts),
        code=planning.code(planning.GatherStep),
        statement="provenance/{study}/gather-{model}.json",
    shell:
        "lowd gather --settings {params.settings:q} {params.parts} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule generate:
    input:
        students=lambda w: expand(
            rules.train.output, study=w.study, model=SAMPLINGS[w.study][w.model][0]
        ),
        noise=of_base(rules.noise),
    output:
        directory("data/{study}/generated/{model}.zarr"),
    log:
        "logs/{study}/generate-{model}.log",
    benchmark:
        "logs/{study}/generate-{model}.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.generate_step(SAMPLINGS[w.study][w.model][1]).model_dump_json(),
        code=planning.code(planning.GenerateStep),
        statement="provenance/{study}/generate-{model}.json",
    shell:
        "lowd generate --settings {params.settings:q} --students {input.students:q}"
        " --noise {input.noise:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule generate_teacher:
    input:
        teacher=rules.teacher.output,
        noise=rules.noise.output,
    output:
        directory("data/{study}/generated/teacher.zarr"),
    log:
        "logs/{study}/generate-teacher.log",
    benchmark:
        "logs/{study}/generate-teacher.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.generate_step(STUDIES[w.study].sampler).model_dump_json(),
        code=lambda w: planning.code_with_teacher(STUDIES[w.study], planning.GenerateStep),
        custom=lambda w: planning.custom_code(STUDIES[w.study]),
        statement="provenance/{study}/generate-teacher.json",
    shell:
        "lowd generate --settings {params.settings:q} --teacher {input.teacher:q}"
        " --noise {input.noise:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule generate_empirical:
    input:
        pool=of_base(rules.pool),
        noise=of_base(rules.noise),
    output:
        directory("data/{study}/generated/empirical.zarr"),
    log:
        "logs/{study}/generate-empirical.log",
    benchmark:
        "logs/{study}/generate-empirical.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.memorise_step(
            PARAMS.every[w.study], base(w.study).sampler
        ).model_dump_json(),
        code=planning.code(planning.GenerateStep),
        statement="provenance/{study}/generate-empirical.json",
    shell:
        "lowd generate --settings {params.settings:q} --pool {input.pool:q}"
        " --noise {input.noise:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"
