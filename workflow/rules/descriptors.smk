rule descriptor:
    input:
        teacher=rules.teacher.output,
    output:
        "data/{study}/descriptor/weights.safetensors",
    log:
        "logs/{study}/descriptor.log",
    benchmark:
        "logs/{study}/descriptor.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.descriptor_step(STUDIES[w.study]).model_dump_json(),
        code=lambda w: planning.code_with_teacher(STUDIES[w.study], planning.DescriptorStep),
        custom=lambda w: planning.custom_code(STUDIES[w.study]),
        statement="provenance/{study}/descriptor.json",
    shell:
        "lowd descriptor --settings {params.settings:q} --teacher {input.teacher:q}"
        " --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule embed:
    input:
        images=lambda w: planning.embedded_from(w.study, w.stored),
        weights=trained_descriptor,
        network=lambda w: planning.network_files(STUDIES[w.study]),
    output:
        directory("data/{study}/features/{stored}"),
    log:
        "logs/{study}/embed-{stored}.log",
    benchmark:
        "logs/{study}/embed-{stored}.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.embed_step(STUDIES[w.study]).model_dump_json(),
        weights=lambda w, input: " ".join(f"--weights {path}" for path in input.weights),
        code=lambda w: planning.code(planning.embed_step(STUDIES[w.study])),
        custom=lambda w: planning.descriptor_code(STUDIES[w.study]),
        statement="provenance/{study}/embed-{stored}.json",
    shell:
        "lowd embed --settings {params.settings:q} --images {input.images:q} {params.weights}"
        " --output {output:q} --scratch .lowd/features"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule appraise:
    input:
        images=lambda w: planning.points(w.study, STUDIES[w.study]),
        yardstick=rules.describe.output,
        weights=trained_descriptor,
        network=lambda w: planning.network_files(STUDIES[w.study]),
    output:
        "data/{study}/descriptor/yardstick.json",
    log:
        "logs/{study}/appraise.log",
    benchmark:
        "logs/{study}/appraise.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.appraise_step(STUDIES[w.study]).model_dump_json(),
        weights=lambda w, input: " ".join(f"--weights {path}" for path in input.weights),
        code=lambda w: planning.code(planning.appraise_step(STUDIES[w.study])),
        custom=lambda w: planning.descriptor_code(STUDIES[w.study]),
        statement="provenance/{study}/appraise.json",
    shell:
        "lowd appraise --settings {params.settings:q} --images {input.images:q} {params.weights}"
        " --yardstick {input.yardstick:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"
