using System.CommandLine;

namespace Registry.Server.Commands.Inspect;

/// <summary>
/// <c>registry completion</c>: prints a script that makes a shell complete commands and options. The script calls the program with the
/// directive <c>[suggest:POSITION]</c> of System.CommandLine, so it completes every setting.
/// </summary>
internal static class CompletionCommand
{
    // All three complete file names when the program suggests nothing.
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = """
            _registry() {
              local line="${COMP_LINE:0:COMP_POINT}" current="${COMP_WORDS[COMP_CWORD]}" word
              COMPREPLY=()
              while IFS= read -r word; do
                [[ "$word" == "$current"* ]] && COMPREPLY+=("$word")
              done < <("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
            }
            complete -o default -F _registry registry
            """,
        ["zsh"] = """
            #compdef registry
            _registry() {
              local line="${(j: :)words[1,CURRENT]}"
              local -a found
              found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
              if [[ -n "$found" ]]; then compadd -- $found; else _files; fi
            }
            compdef _registry registry
            """,
        ["fish"] = """
            function __registry_complete
              set -l line (commandline -cp)
              set -l words (commandline -opc)
              $words[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
            end
            complete -c registry -a '(__registry_complete)'
            """,
    };

    public static Command Create(CommandContext context)
    {
        var shell = new Argument<string>("SHELL") { Description = $"Shell: {string.Join(", ", Scripts.Keys)}." };
        shell.CompletionSources.Add([.. Scripts.Keys]);
        shell.Validators.Add(result =>
        {
            if (!Scripts.ContainsKey(result.GetValueOrDefault<string>()))
            {
                result.AddError($"'{result.GetValueOrDefault<string>()}' is not a supported shell; allowed: {string.Join(", ", Scripts.Keys)}");
            }
        });
        var command = new DescribedCommand(
            "completion",
            "Print a script that completes commands, options and their values with the Tab key. Save it where the shell loads its completion scripts.",
            "registry completion bash > ~/.local/share/bash-completion/completions/registry",
            "registry completion zsh > ~/.zfunc/_registry",
            "registry completion fish > ~/.config/fish/completions/registry.fish")
        {
            shell,
        };
        command.SetAction(parsed =>
        {
            context.Output.WriteLine(Scripts[parsed.GetRequiredValue(shell)]);
            return ExitCodes.Success;
        });
        return command;
    }
}
