rule images:
    input:
        originals=lambda w: planning.image_files(STUDIES[w.study]),
    output:
        directory("data/{study}/images.zarr"),
    log:
        "logs/{study}/images.log",
    benchmark:
        "logs/{study}/images.tsv"
    wildcard_constraints:
        study="|".join(filter(has_images, STUDIES)) or "none",
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.images_step(STUDIES[w.study]).model_dump_json(),
        code=planning.code(planning.ImagesStep),
        content=lambda w: planning.image_content(STUDIES[w.study]),
        statement="provenance/{study}/images.json",
    shell:
        "lowd images --settings {params.settings:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule teacher:
    input:
        images=images_of,
        pretrained=lambda w: planning.pretrained_files(STUDIES[w.study]),
    output:
        directory("data/{study}/teacher"),
    log:
        "logs/{study}/teacher.log",
    benchmark:
        "logs/{study}/teacher.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.teacher_step(STUDIES[w.study]).model_dump_json(),
        code=lambda w: planning.code_with_teacher(STUDIES[w.study], planning.TeacherStep),
        custom=lambda w: planning.custom_code(STUDIES[w.study]),
        images=lambda w, input: "".join(f"--images {path}" for path in input.images),
        statement="provenance/{study}/teacher.json",
    shell:
        "lowd teacher --settings {params.settings:q} {params.images} --output {output:q}"
        " --scratch .lowd/{wildcards.study}/teacher-{params.code}.safetensors"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule pool:
    input:
        teacher=rules.teacher.output,
    output:
        directory("data/{study}/pool.zarr"),
    log:
        "logs/{study}/pool.log",
    benchmark:
        "logs/{study}/pool.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.pool_step(STUDIES[w.study]).model_dump_json(),
        code=lambda w: planning.code_with_teacher(STUDIES[w.study], planning.PoolStep),
        statement="provenance/{study}/pool.json",
    shell:
        "lowd pool --settings {params.settings:q} --teacher {input.teacher:q}"
        " --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule noise:
    output:
        directory("data/{study}/noise.zarr"),
    log:
        "logs/{study}/noise.log",
    benchmark:
        "logs/{study}/noise.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.noise_step(STUDIES[w.study]).model_dump_json(),
        code=planning.code(planning.NoiseStep),
        statement="provenance/{study}/noise.json",
    shell:
        "lowd noise --settings {params.settings:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule describe:
    input:
        pool=described(rules.pool),
        teacher=described(rules.teacher),
    output:
        "results/{study}.yardstick.json",
    log:
        "logs/{study}/describe.log",
    benchmark:
        "logs/{study}/describe.tsv"
    wildcard_constraints:
        study="|".join(STUDIES) or "none",
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.describe_step(STUDIES[w.study]).model_dump_json(),
        code=planning.code(planning.DescribeStep),
        statement="provenance/{study}/describe.json",
    shell:
        "lowd describe --settings {params.settings:q} --pool {input.pool:q}"
        " --teacher {input.teacher:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"
