using System.CommandLine;
using Registry.Server.Commands.Access;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Inspect;

/// <summary><c>registry config</c>: prints the effective value and the origin of every setting.</summary>
internal static class ConfigCommand
{
    public static Command Create(CommandContext context)
    {
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "config",
            "Print every setting with its effective value and its origin. Secrets are masked. When a setting is at fault, prints the faults instead and exits with 2.",
            "registry config",
            "registry config --json",
            "registry config --config registry.json --port 5000")
        {
            json,
        };
        command.SetAction(parsed => Run(context, parsed, parsed.GetValue(json)));
        return command;
    }

    private static int Run(CommandContext context, ParseResult parsed, bool isJson)
    {
        if (context.Load(parsed) is not { } loaded)
        {
            return ExitCodes.Usage;
        }

        UserCommands.WarnOfCostlyLines(context, loaded.Options.HtpasswdPath);
        return Write(context, loaded.Settings, isJson);
    }

    private static int Write(CommandContext context, IReadOnlyList<EffectiveSetting> settings, bool isJson)
    {
        if (isJson)
        {
            ReportJson.Write(context.Output, settings, json => json.IReadOnlyListEffectiveSetting);
            return ExitCodes.Success;
        }

        var names = settings.Max(setting => setting.Name.Length);
        var values = settings.Max(setting => (setting.Value ?? "-").Length);
        foreach (var setting in settings)
        {
            context.Output.WriteLine($"{setting.Name.PadRight(names)}  {(setting.Value ?? "-").PadRight(values)}  {setting.DescribeOrigin()}");
        }

        return ExitCodes.Success;
    }
}
