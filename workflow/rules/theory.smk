rule expect:
    output:
        "results/{study}.yardstick.json",
    log:
        "logs/{study}/expect.log",
    benchmark:
        "logs/{study}/expect.tsv"
    wildcard_constraints:
        study="|".join(THEORIES) or "none",
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.expect_step(THEORIES[w.study]).model_dump_json(),
        code=planning.code(planning.ExpectStep),
        statement="provenance/{study}/expect.json",
    shell:
        "lowd expect --settings {params.settings:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule recover:
    output:
        directory("data/{study}/recovered/K{clusters}-r{rank}.zarr"),
    log:
        "logs/{study}/recover-K{clusters}-r{rank}.log",
    benchmark:
        "logs/{study}/recover-K{clusters}-r{rank}.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.recover_step(
            THEORIES[w.study], int(w.clusters), int(w.rank)
        ).model_dump_json(),
        code=planning.code(planning.RecoverStep),
        statement="provenance/{study}/recover-K{clusters}-r{rank}.json",
    shell:
        "lowd recover --settings {params.settings:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule equate:
    output:
        directory("data/{study}/equivalence.zarr"),
    log:
        "logs/{study}/equate.log",
    benchmark:
        "logs/{study}/equate.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.equate_step(THEORIES[w.study]).model_dump_json(),
        code=planning.code(planning.EquateStep),
        statement="provenance/{study}/equate.json",
    shell:
        "lowd equate --settings {params.settings:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule tabulate:
    input:
        recovered=lambda w: [
            path
            for clusters, rank in planning.recoveries(THEORIES[w.study])
            for path in expand(rules.recover.output, study=w.study, clusters=clusters, rank=rank)
        ],
        equivalence=rules.equate.output,
        yardstick=rules.expect.output,
    output:
        directory("results/{study}.zarr"),
    log:
        "logs/{study}/tabulate.log",
    benchmark:
        "logs/{study}/tabulate.tsv"
    wildcard_constraints:
        study="|".join(THEORIES) or "none",
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.tabulate_step(THEORIES[w.study]).model_dump_json(),
        recovered=lambda w, input: " ".join(f"--recovered {path}" for path in input.recovered),
        code=planning.code(planning.TabulateStep),
        statement="provenance/{study}/tabulate.json",
    shell:
        "lowd tabulate --settings {params.settings:q} {params.recovered}"
        " --equivalence {input.equivalence:q} --yardstick {input.yardstick:q}"
        " --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"
