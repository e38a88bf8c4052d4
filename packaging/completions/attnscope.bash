# bash completion for attnscope; made by `attnscope reference bash`

_attnscope() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local commands='inspect tokenize embed bank retrieval logits attention cv align jacobian residual figure replay reference'
    local common='--help --out --format --device --threads --seed --progress --quiet'
    local command='' word options
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case " $commands " in *" $word "*) command=$word; break ;; esac
    done

    case $previous in
    --theme) COMPREPLY=($(compgen -W 'dark light' -- "$current")); return ;;
    --format) COMPREPLY=($(compgen -W 'json csv text npz' -- "$current")); return ;;
    --device) COMPREPLY=($(compgen -W 'auto cpu cuda' -- "$current")); return ;;
    --progress) COMPREPLY=($(compgen -W 'auto plain json none' -- "$current")); return ;;
    --layout) COMPREPLY=($(compgen -W 'rows columns auto' -- "$current")); return ;;
    --beta) COMPREPLY=($(compgen -W 'inf' -- "$current")); return ;;
    --mode) COMPREPLY=($(compgen -W 'raw centered hybrid residual renormalized all' -- "$current")); return ;;
    --plane-x) COMPREPLY=($(compgen -W 'v1 query' -- "$current")); return ;;
    --plane-y) COMPREPLY=($(compgen -W 'v1 query' -- "$current")); return ;;
    --precision) COMPREPLY=($(compgen -W 'float32 bfloat16' -- "$current")); return ;;
    --operator) COMPREPLY=($(compgen -W 'qk ov' -- "$current")); return ;;
    --directions) COMPREPLY=($(compgen -W 'symmetric left right' -- "$current")); return ;;
    --method) COMPREPLY=($(compgen -W 'bp fa sign_sym dfa all' -- "$current")); return ;;
    --softmax-grad) COMPREPLY=($(compgen -W 'full diag ste surrogate all' -- "$current")); return ;;
    --calibration) COMPREPLY=($(compgen -W 'heldout leading' -- "$current")); return ;;
    --residual-form) COMPREPLY=($(compgen -W 'context tail tail_normalized' -- "$current")); return ;;
    --panel) COMPREPLY=($(compgen -W 'retrieval.weights retrieval.entropy retrieval.plane retrieval.trajectories retrieval.spectrum retrieval.origin retrieval.modes retrieval.hysteresis retrieval.separation retrieval.letters attention.heads attention.map attention.text attention.rows attention.gain cv.band cv.map cv.volumes cv.dimension cv.table cv.training cv.grid cv.relation alignment.map alignment.profile alignment.signs alignment.angles alignment.heads alignment.spectra alignment.matched alignment.verdict jacobian.map jacobian.bars jacobian.energy jacobian.row jacobian.maps residual.curve residual.map residual.variance residual.text residual.spectrum all' -- "$current")); return ;;
    --style) COMPREPLY=($(compgen -W 'neurips iclr icml icml-wide acl nature nature-wide slide' -- "$current")); return ;;
    --types) COMPREPLY=($(compgen -W 'svg pdf png csv json npz' -- "$current")); return ;;
    --colour) COMPREPLY=($(compgen -W 'entropy max_weight sink previous duplicate induction' -- "$current")); return ;;
    --kind) COMPREPLY=($(compgen -W 'embedding out_proj act_post act_emb residual' -- "$current")); return ;;
    --quantity) COMPREPLY=($(compgen -W 'cos mean_cos_pa min_cos_pa top1_overlap' -- "$current")); return ;;
    --metric) COMPREPLY=($(compgen -W 'a_mean entropy r_diag r_offdiag energy_off energy_cross cos_diag cos_ste cos_ste_unmasked' -- "$current")); return ;;
    --export | --inputs) COMPREPLY=($(compgen -d -- "$current")); return ;;
    --session | --run | --screenshot | --out | --model | --encoder | --texts | --wordnet | --bank | --queries | --questions | --ids | --tensor | --tuples | --tex | --grams | --eigdirs | --write-grams | --captures | --write-captures | --recipe) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --size | --threads | --seed | --text | --prompt | --limit | --key | --rows | --beta-table | --steps | --tol | --lambda | --origin-beta | --origin-eps | --origin-steps | --plane-beta | --samples | --top | --layers | --map | --points | --pool | --band | --dims | --heads | --epochs | --every | --learning-rate | --anchor | --topk | --seq-len | --blocks | --ranks | --calibration-blocks | --top-k | --prefix-memory | --width | --dpi | --zoom | --step | --layer | --head | --token | --follow | --epoch | --config | --rank | --block | --sequence | --row) return ;;
    esac

    case $command in
    '') options="--version --session --run --screenshot --size --theme --no-sample $common" ;;
    inspect) options=" $common" ;;
    tokenize) options="--model --text --prompt --chat $common" ;;
    embed) options="--encoder --texts $common" ;;
    bank) options="--texts --encoder --limit --wordnet $common" ;;
    retrieval) options="--bank --letters --layout --key --queries --questions --text --rows --encoder --beta-table --beta --mode --steps --tol --lambda --origin-beta --origin-eps --origin-steps --sweep --plane --plane-beta --plane-x --plane-y --basins --separation --samples $common" ;;
    logits) options="--model --ids --text --prompt --chat --top --beta --precision $common" ;;
    attention) options="--model --ids --text --prompt --chat --texts --beta --rows --scores --random-induction --precision --layers --map $common" ;;
    cv) options="--tensor --layout --tuples --model --ids --text --prompt --points --samples --pool --exact --band --histogram --layers --no-weights --precision --tex --experiment --dims --heads --epochs --every --learning-rate $common" ;;
    align) options="--grams --eigdirs --model --anchor --topk --operator --directions --norm-gain --per-head --spectra --maps --match --write-grams --no-cache $common" ;;
    jacobian) options="--captures --model --ids --text --prompt --seq-len --blocks --layers --write-captures --experiment --method --softmax-grad --steps --every --learning-rate --export $common" ;;
    residual) options="--model --ids --text --prompt --layers --heads --ranks --seq-len --blocks --calibration --calibration-blocks --residual-form --top-k --exclude-sink --centred --centered --output-weighted --two-nn --token-losses --prefix-memory --precision $common" ;;
    figure) options="--recipe --session --inputs --panel --style --width --dpi --zoom --types --beta --step --bank --letters --layout --key --queries --questions --text --rows --encoder --mode --steps --lambda --plane-x --plane-y --basins --model --ids --prompt --layer --head --token --colour --every-layer --precision --chat --without-sink --renormalize --kind --points --samples --pool --experiment --dims --heads --epochs --every --learning-rate --follow --epoch --config --grams --eigdirs --anchor --topk --operator --directions --norm-gain --quantity --match --layers --ranks --seq-len --blocks --calibration --calibration-blocks --residual-form --top-k --exclude-sink --centred --centered --output-weighted --two-nn --prefix-memory --rank --block --captures --metric --sequence --row $common" ;;
    replay) options="--inputs $common" ;;
    reference) options=" $common" ;;
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
    elif [[ -z $command ]]; then
        COMPREPLY=($(compgen -W "$commands" -- "$current") $(compgen -f -- "$current"))
    else
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}
complete -o filenames -F _attnscope attnscope
