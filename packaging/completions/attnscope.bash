# bash completion for attnscope

_attnscope() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local commands='inspect tokenize embed bank retrieval logits attention cv align residual jacobian figure replay'
    local common='--help --out --format --device --threads --seed --progress --quiet'
    local command='' word options
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case " $commands " in *" $word "*) command=$word; break ;; esac
    done

    case $previous in
    --format) COMPREPLY=($(compgen -W 'json csv text npz' -- "$current")); return ;;
    --device) COMPREPLY=($(compgen -W 'auto cpu cuda cuda:0' -- "$current")); return ;;
    --progress) COMPREPLY=($(compgen -W 'auto plain json none' -- "$current")); return ;;
    --layout) COMPREPLY=($(compgen -W 'auto rows columns' -- "$current")); return ;;
    --mode) COMPREPLY=($(compgen -W 'raw centered hybrid residual renormalized all' -- "$current")); return ;;
    --panel) COMPREPLY=($(compgen -W 'weights entropy plane trajectories spectrum origin modes hysteresis separation letters heads map text rows gain band cv.map volumes dimension table training grid relation alignment.map profile signs angles alignment.heads spectra matched verdict curve residual.map variance residual.text residual.spectrum band cv.map volumes dimension table training grid relation jacobian.map bars energy row jacobian.maps all' -- "$current")); return ;;
    --style) COMPREPLY=($(compgen -W 'neurips iclr icml icml-wide acl nature nature-wide slide' -- "$current")); return ;;
    --theme) COMPREPLY=($(compgen -W 'dark light' -- "$current")); return ;;
    --plane-x) COMPREPLY=($(compgen -W 'v1 query' -- "$current")); return ;;
    --plane-y) COMPREPLY=($(compgen -W 'v1 query' -- "$current")); return ;;
    --types) COMPREPLY=($(compgen -W 'svg pdf png csv json npz' -- "$current")); return ;;
    --colour) COMPREPLY=($(compgen -W 'entropy max_weight sink previous duplicate induction' -- "$current")); return ;;
    --operator) COMPREPLY=($(compgen -W 'qk ov' -- "$current")); return ;;
    --directions) COMPREPLY=($(compgen -W 'symmetric left right' -- "$current")); return ;;
    --quantity) COMPREPLY=($(compgen -W 'cos mean_cos_pa min_cos_pa top1_overlap' -- "$current")); return ;;
    --metric) COMPREPLY=($(compgen -W 'a_mean entropy r_diag r_offdiag energy_off energy_cross cos_diag cos_ste cos_ste_unmasked' -- "$current")); return ;;
    --precision) COMPREPLY=($(compgen -W 'float32 bfloat16' -- "$current")); return ;;
    --calibration) COMPREPLY=($(compgen -W 'heldout leading' -- "$current")); return ;;
    --residual-form) COMPREPLY=($(compgen -W 'context tail tail_normalized' -- "$current")); return ;;
    --encoder | --inputs | --wordnet) COMPREPLY=($(compgen -d -- "$current")); return ;;
    --bank | --eigdirs | --grams | --write-grams | --captures | --ids | --model | --out | --queries | --questions | --recipe | --run | --screenshot | --session | \
        --text | --texts | --write-captures)
        COMPREPLY=($(compgen -f -- "$current")); return ;;
    --anchor | --topk | --band | --beta | --beta-table | --blocks | --dpi | --head | --key | --lambda | --layer | --layers | --limit | --map | --origin-beta | \
        --origin-eps | --origin-steps | --plane-beta | --points | --pool | --prompt | --row | --rows | --samples | --seed | --seq-len | --sequence | --size | --step | --steps | \
        --threads | --token | --tol | --top | --width | --block | --blocks | --calibration-blocks | --prefix-memory | \
        --rank | --ranks | --seq-len | --top-k) return ;;
    esac

    case $command in
    '') options="--version --session --run --screenshot --size --theme --no-sample $common" ;;
    inspect) options="$common" ;;
    tokenize) options="--model --text --prompt --chat $common" ;;
    embed) options="--encoder --texts $common" ;;
    bank) options="--texts --encoder --limit --wordnet $common" ;;
    retrieval)
        options="--bank --letters --layout --key --queries --questions --text --rows --encoder --steps --mode \
            --lambda --plane-x --plane-y --basins --beta --beta-table --tol --origin-beta --origin-eps \
            --origin-steps --sweep --plane --plane-beta --separation --samples $common" ;;
    logits) options="--model --ids --text --prompt --chat --top --beta --precision $common" ;;
    attention)
        options="--model --ids --text --prompt --chat --texts --beta --rows --scores --random-induction --layers --map \
            --precision $common" ;;
    jacobian)
        options="--captures --model --ids --text --prompt --seq-len --blocks --layers --write-captures \
            --experiment --method --softmax-grad --steps --every --learning-rate --export $common" ;;
    cv)
        options="--tensor --layout --tuples --model --ids --text --prompt --samples --pool --points --exact --band \
            --layers --no-weights --histogram --precision --tex --experiment --dims --heads --every --epochs \
            --learning-rate $common" ;;
    align)
        options="--grams --eigdirs --model --anchor --topk --operator --directions --norm-gain \
            --per-head --maps --spectra --match --write-grams --no-cache $common" ;;
    residual)
        options="--model --ids --text --prompt --layers --heads --ranks --seq-len --blocks --calibration \
            --calibration-blocks --residual-form --top-k --exclude-sink --centred --output-weighted --two-nn \
            --token-losses --prefix-memory --precision $common" ;;
    figure)
        options="--recipe --session --inputs --panel --style --width --dpi --types --beta --step --bank --letters \
            --layout --key --queries --questions --text --rows --encoder --steps --mode --lambda --plane-x \
            --plane-y --basins --model --ids --prompt --chat --layer --head --token --colour \
            --precision --every-layer --without-sink --renormalize --zoom --kind --samples --pool --points --experiment \
            --dims --heads --every --epochs --learning-rate --follow --config --epoch --grams --eigdirs --anchor --topk \
            --operator --directions --norm-gain --quantity --match --layers \
            --ranks --seq-len --blocks --calibration --calibration-blocks --residual-form --top-k --exclude-sink \
            --centred --output-weighted --two-nn --prefix-memory --rank --block --captures \
            --metric --seq-len --blocks --sequence --row $common" ;;
    replay) options="--inputs $common" ;;
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
    elif [[ -z $command ]]; then
        COMPREPLY=($(compgen -W "$commands" -- "$current") $(compgen -f -- "$current"))
    elif [[ $command == bank ]]; then
        COMPREPLY=($(compgen -W wordnet -- "$current"))
    else
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}
complete -o filenames -F _attnscope attnscope
