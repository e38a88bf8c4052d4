# bash completion for attnscope

_attnscope() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local commands='inspect tokenize embed bank retrieval figure replay'
    local common='--out --format --device --threads --seed --progress --quiet --version --help'
    local command='' word options
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case " $commands " in *" $word "*) command=$word; break ;; esac
    done

    case $previous in
    --format) COMPREPLY=($(compgen -W 'json csv text npz' -- "$current")); return ;;
    --device) COMPREPLY=($(compgen -W 'auto cpu cuda cuda:0' -- "$current")); return ;;
    --progress) COMPREPLY=($(compgen -W 'auto plain json none' -- "$current")); return ;;
    --layout) COMPREPLY=($(compgen -W 'auto rows columns' -- "$current")); return ;;
    --mode) COMPREPLY=($(compgen -W 'raw centered hybrid residual renormalized' -- "$current")); return ;;
    --encoder | --inputs) COMPREPLY=($(compgen -d -- "$current")); return ;;
    --bank | --queries | --questions | --texts | --text | --model | --out | --session | --recipe | --run | --screenshot)
        COMPREPLY=($(compgen -f -- "$current")); return ;;
    --threads | --seed | --beta | --steps | --tol | --lambda | --limit | --rows | --width | --dpi | --prompt) return ;;
    esac

    case $command in
    '') options="--session --run --screenshot $common" ;;
    inspect) options=$common ;;
    tokenize) options="--model --text --prompt $common" ;;
    embed) options="--encoder --texts $common" ;;
    bank) options="wordnet --texts --encoder --limit $common" ;;
    retrieval)
        options="--bank --layout --queries --questions --encoder --rows --beta --steps --mode --tol --lambda $common" ;;
    figure) options="--session --recipe --panel --width --dpi --inputs $common" ;;
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
