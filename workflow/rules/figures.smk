rule figure:
    input:
        results="results/{study}.zarr",
    output:
        svg=report(
            "figures/{study}/{figure}.svg",
            caption="../report/figure.rst",
            category="{study}",
            labels={"figure": "{figure}"},
        ),
        png="figures/{study}/{figure}.png",
        caption="figures/{study}/{figure}.txt",
    log:
        "logs/{study}/figure-{figure}.log",
    benchmark:
        "logs/{study}/figure-{figure}.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.figure_step(w.figure).model_dump_json(),
        code=lambda w: planning.code(planning.figure_step(w.figure)),
        statement="provenance/{study}/figure-{figure}.json",
    shell:
        "lowd figure --settings {params.settings:q} --results {input.results:q}"
        " --output {output.svg:q} --output {output.png:q} --output {output.caption:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule sheet:
    input:
        teacher=rules.generate_teacher.output,
        generated=lambda w: expand(
            rules.generate.output, study=w.study, model=planning.sheet_step(STUDIES[w.study]).name
        ),
        pool=rules.pool.output,
    output:
        svg=report(
            "figures/{study}/samples.svg",
            caption="../report/figure.rst",
            category="{study}",
            labels={"figure": "samples"},
        ),
        png="figures/{study}/samples.png",
        caption="figures/{study}/samples.txt",
    log:
        "logs/{study}/sheet.log",
    benchmark:
        "logs/{study}/sheet.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.sheet_step(STUDIES[w.study]).model_dump_json(),
        code=planning.code(planning.SheetStep),
        statement="provenance/{study}/sheet.json",
    shell:
        "lowd sheet --settings {params.settings:q} --teacher {input.teacher:q}"
        " --generated {input.generated:q} --pool {input.pool:q}"
        " --output {output.svg:q} --output {output.png:q} --output {output.caption:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule comparison:
    input:
        results=lambda w: expand(rules.collect.output, study=PARAMS.across[w.comparison].studies),
    output:
        svg=report(
            "figures/across/{comparison}.svg",
            caption="../report/figure.rst",
            category="across studies",
            labels={"figure": "{comparison}"},
        ),
        png="figures/across/{comparison}.png",
        caption="figures/across/{comparison}.txt",
    log:
        "logs/across/{comparison}.log",
    benchmark:
        "logs/across/{comparison}.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w: planning.comparison_step(PARAMS.across[w.comparison]).model_dump_json(),
        results=lambda w, input: " ".join(f"--results {path}" for path in input.results),
        code=lambda w: planning.code(planning.comparison_step(PARAMS.across[w.comparison])),
        statement="provenance/across/figure-{comparison}.json",
    shell:
        "lowd figure --settings {params.settings:q} {params.results}"
        " --output {output.svg:q} --output {output.png:q} --output {output.caption:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"


rule manifest:
    input:
        declared,
    output:
        "data/{study}/manifest.json",
    log:
        "logs/{study}/manifest.log",
    benchmark:
        "logs/{study}/manifest.tsv"
    conda:
        "../envs/lowd.yaml"
    params:
        settings=lambda w, input: planning.manifest_step(
            w.study, [*input, *statements(w)]
        ).model_dump_json(),
        code=planning.code(planning.ManifestStep),
        statement="provenance/{study}/manifest.json",
    shell:
        "lowd manifest --settings {params.settings:q} --output {output:q}"
        " --statement {params.statement:q} > {log:q} 2>&1"
