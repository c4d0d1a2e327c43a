rule follow:
    input:
        students=lambda w: trained(w.study),
        generated=lambda w: generated(w.study),
        teacher=of_base(rules.generate_teacher),
        empirical=rules.generate_empirical.output,
        pool=of_base(rules.pool),
        yardstick=of_base(rules.describe),
    output:
        directory("results/{study}.zarr"),
    log:
        "logs/{study}/follow.log",
    benchmark:
        "logs/{study}/follow.tsv"
    wildcard_constraints:
        study=of_kind("dynamics"),
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.follow_step(FINDINGS[w.study]).model_dump_json(),
        students=lambda w, input: " ".join(f"--students {path}" for path in input.students),
        generated=lambda w, input: " ".join(f"--generated {path}" for path in input.generated),
        code=planning.code(planning.FollowStep),
        statement="provenance/{study}/follow.json",
    shell:
        "lowd follow --settings {params.settings:q} {params.students} {params.generated}"
        " --teacher {input.teacher:q} --empirical {input.empirical:q} --pool {input.pool:q}"
        " --yardstick {input.yardstick:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule decompose:
    input:
        data=lambda w: generated(w.study, ".data"),
        seed=lambda w: generated(w.study, ".seed"),
        teacher=of_base(rules.generate_teacher),
        yardstick=of_base(rules.describe),
    output:
        directory("results/{study}.zarr"),
    log:
        "logs/{study}/decompose.log",
    benchmark:
        "logs/{study}/decompose.tsv"
    wildcard_constraints:
        study=of_kind("bias-variance"),
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.decompose_step(FINDINGS[w.study]).model_dump_json(),
        data=lambda w, input: " ".join(f"--data {path}" for path in input.data),
        seed=lambda w, input: " ".join(f"--seed {path}" for path in input.seed),
        code=planning.code(planning.DecomposeStep),
        statement="provenance/{study}/decompose.json",
    shell:
        "lowd decompose --settings {params.settings:q} {params.data} {params.seed}"
        " --teacher {input.teacher:q} --yardstick {input.yardstick:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule agree:
    input:
        generated=lambda w: generated(w.study),
        teacher=of_base(rules.generate_teacher),
        pool=of_base(rules.pool),
        yardstick=of_base(rules.describe),
    output:
        directory("results/{study}.zarr"),
    log:
        "logs/{study}/agree.log",
    benchmark:
        "logs/{study}/agree.tsv"
    wildcard_constraints:
        study=of_kind("families"),
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.agree_step(FINDINGS[w.study], base(w.study)).model_dump_json(),
        generated=lambda w, input: " ".join(f"--generated {path}" for path in input.generated),
        code=planning.code(planning.AgreeStep),
        statement="provenance/{study}/agree.json",
    shell:
        "lowd agree --settings {params.settings:q} {params.generated}"
        " --teacher {input.teacher:q} --pool {input.pool:q} --yardstick {input.yardstick:q}"
        " --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"
