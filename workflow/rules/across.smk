rule relate:
    input:
        results=lambda w: expand(rules.collect.output, study=PARAMS.across[w.relation].studies),
        points=lambda w: [
            planning.points(study, STUDIES[study]) for study in PARAMS.across[w.relation].studies
        ],
    output:
        directory("results/across/{relation}.zarr"),
    log:
        "logs/across/relate-{relation}.log",
    benchmark:
        "logs/across/relate-{relation}.tsv"
    wildcard_constraints:
        relation=named("dimension"),
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.relate_step(
            PARAMS.across[w.relation], STUDIES
        ).model_dump_json(),
        results=lambda w, input: " ".join(f"--results {path}" for path in input.results),
        points=lambda w, input: " ".join(f"--points {path}" for path in input.points),
        code=planning.code(planning.RelateStep),
        statement="provenance/across/relate-{relation}.json",
    shell:
        "lowd relate --settings {params.settings:q} {params.results} {params.points}"
        " --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule linearise:
    input:
        teacher=lambda w: expand(rules.teacher.output, study=PARAMS.across[w.relation].studies),
        points=lambda w: expand(rules.pool.output, study=PARAMS.across[w.relation].studies),
        students=lambda w: [
            path
            for study in PARAMS.across[w.relation].studies
            for path in expand(rules.train.output, study=study, model=list(STUDIES[study].models))
        ],
    output:
        directory("results/across/{relation}.zarr"),
    log:
        "logs/across/linearise-{relation}.log",
    benchmark:
        "logs/across/linearise-{relation}.tsv"
    wildcard_constraints:
        relation=named("jacobians"),
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.linearise_step(
            PARAMS.across[w.relation], STUDIES
        ).model_dump_json(),
        teacher=lambda w, input: " ".join(f"--teacher {path}" for path in input.teacher),
        points=lambda w, input: " ".join(f"--points {path}" for path in input.points),
        students=lambda w, input: " ".join(f"--students {path}" for path in input.students),
        code=lambda w: planning.code_across(
            PARAMS.across[w.relation], STUDIES, planning.LineariseStep
        ),
        statement="provenance/across/linearise-{relation}.json",
    shell:
        "lowd linearise --settings {params.settings:q} {params.teacher} {params.points}"
        " {params.students} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule contrast:
    input:
        teacher=lambda w: expand(rules.teacher.output, study=PARAMS.across[w.relation].studies),
        noise=lambda w: expand(rules.noise.output, study=PARAMS.across[w.relation].studies),
        yardstick=lambda w: expand(rules.describe.output, study=PARAMS.across[w.relation].studies),
    output:
        directory("results/across/{relation}.zarr"),
    log:
        "logs/across/contrast-{relation}.log",
    benchmark:
        "logs/across/contrast-{relation}.tsv"
    wildcard_constraints:
        relation=named("denoisers"),
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.contrast_step(
            PARAMS.across[w.relation], STUDIES
        ).model_dump_json(),
        code=lambda w: planning.code_across(
            PARAMS.across[w.relation], STUDIES, planning.ContrastStep
        ),
        statement="provenance/across/contrast-{relation}.json",
    shell:
        "lowd contrast --settings {params.settings:q} --teacher {input.teacher:q}"
        " --noise {input.noise:q} --yardstick {input.yardstick:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule pair:
    input:
        generated=lambda w: expand(
            rules.generate.output,
            study=PARAMS.across[w.relation].studies,
            model=planning.pair_step(PARAMS.across[w.relation], STUDIES).name,
        ),
        pool=lambda w: expand(rules.pool.output, study=PARAMS.across[w.relation].studies),
        yardstick=lambda w: expand(rules.describe.output, study=PARAMS.across[w.relation].studies),
    output:
        directory("results/across/{relation}.zarr"),
    log:
        "logs/across/pair-{relation}.log",
    benchmark:
        "logs/across/pair-{relation}.tsv"
    wildcard_constraints:
        relation=named("disjoint"),
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.pair_step(PARAMS.across[w.relation], STUDIES).model_dump_json(),
        code=planning.code(planning.PairStep),
        statement="provenance/across/pair-{relation}.json",
    shell:
        "lowd pair --settings {params.settings:q} --generated {input.generated:q}"
        " --pool {input.pool:q} --yardstick {input.yardstick:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule relation:
    input:
        results="results/across/{relation}.zarr",
    output:
        svg=report(
            "figures/across/{relation}-{shown}.svg",
            caption="../report/figure.rst",
            category="across studies",
            labels={"figure": "{relation}: {shown}"},
        ),
        png="figures/across/{relation}-{shown}.png",
        caption="figures/across/{relation}-{shown}.txt",
    log:
        "logs/across/{relation}-{shown}.log",
    benchmark:
        "logs/across/{relation}-{shown}.tsv"
    wildcard_constraints:
        shown="|".join(shown for kind in planning.RELATIONS.values() for shown in kind),
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.figure_step(w.shown).model_dump_json(),
        code=lambda w: planning.code(planning.figure_step(w.shown)),
        statement="provenance/across/figure-{relation}-{shown}.json",
    shell:
        "lowd figure --settings {params.settings:q} --results {input.results:q}"
        " --output {output.svg:q} --output {output.png:q} --output {output.caption:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"
