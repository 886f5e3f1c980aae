using System.Diagnostics;

namespace Registry.Server.Tests.Commands;

/// <summary>Completion scripts of shells. The script for bash, which every machine has, is run.</summary>
public sealed class CompletionCommandTests
{
    [Theory]
    [InlineData("bash", "complete -o default -F _registry registry")]
    [InlineData("zsh", "compdef _registry registry")]
    [InlineData("fish", "complete -c registry -a '(__registry_complete)'")]
    public async Task Every_shell_has_a_script_that_asks_the_program(string shell, string line)
    {
        var script = await CommandRun.OfAsync("completion", shell);

        Assert.Equal((0, ""), (script.ExitCode, script.Error));
        Assert.Contains($"{line}\n", script.Output, StringComparison.Ordinal);
        Assert.Contains("\"[suggest:", script.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("registry veri", "verify")]
    [InlineData("registry gc --dr", "--dry-run")]
    [InlineData("registry serve --log-level d", "debug")]
    [InlineData("registry user rem", "remove")]
    [InlineData("registry nonsense x", "")]
    public async Task Bash_completes_with_it(string line, string expected)
    {
        var words = string.Join(' ', line.Split(' ').Select(word => $"'{word}'"));
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var script = $$"""
            registry() { '{{dotnet}}' '{{Path.Combine(AppContext.BaseDirectory, "registry.dll")}}' "$@"; }
            {{(await CommandRun.OfAsync("completion", "bash")).Output}}
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}} COMP_WORDS=({{words}}) COMP_CWORD={{line.Split(' ').Length - 1}}
            _registry
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        var info = new ProcessStartInfo("bash", ["--norc", "-c", script]) { RedirectStandardOutput = true };
        using var process = Process.Start(info)!;

        Assert.Equal(expected, (await process.StandardOutput.ReadToEndAsync()).Trim());
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
