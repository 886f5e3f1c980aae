using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Access;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;
using Registry.Files.Watching;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting;

/// <summary>Composition of the rules about repositories.</summary>
internal sealed partial class PolicyComposition : IAsyncDisposable
{
    private readonly WatchedFile<PolicyRules>? _rules;

    private PolicyComposition(WatchedFile<PolicyRules>? rules, RegistryOptions options)
    {
        _rules = rules;
        ChangeRules = PolicyFile.ChangeRulesOf(options, () => Current);
    }

    /// <summary>Rules about changes, by the file as it is at each change.</summary>
    public IChangeRules ChangeRules { get; }

    /// <summary>Rules of the last good version of the file.</summary>
    public PolicyRules Current => _rules?.Value ?? PolicyRules.None;

    /// <summary>Files that can be reloaded, with the names of their settings.</summary>
    public IEnumerable<(string Setting, IReloadable File)> Files => _rules is null ? [] : [(PolicyFile.Setting, _rules)];

    /// <summary>Reads the file of the rules.</summary>
    /// <exception cref="StartupException">It cannot be used.</exception>
    public static PolicyComposition Open(RegistryOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger<PolicyComposition>();
        var rules = WatchedSetting.Open(PolicyFile.Setting, options.PolicyConfig, content => Read(content, options, logger), time, logger);
        return new PolicyComposition(rules, options);
    }

    /// <summary>Adds the rules to the settings of the core.</summary>
    public CoreSettings Complete(CoreSettings settings) => settings with { ChangeRules = ChangeRules, Policies = () => Current };

    public ValueTask DisposeAsync() => _rules?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static PolicyRules Read(byte[] content, RegistryOptions options, ILogger logger)
    {
        var rules = PolicyFile.Parse(content, options.PolicyConfig!);

        // What an external token service grants is not known.
        if (options.AccessControlPath is null && options.Authentication != AuthenticationKind.Token && rules.Rules.FirstOrDefault(rule => rule.RequireSignature is not null) is { } first)
        {
            LogNobodyNeedsSignature(logger, options.PolicyConfig!, first.Line);
        }

        return rules;
    }

    [LoggerMessage(1, LogLevel.Warning,
        "{Path} line {Line} requires signatures, but without access control everybody may push, and users who may push need none. Outside of mirrored repositories it refuses no pull. "
        + "Set REGISTRY_ACCESS_CONTROL_ENABLED=true, and REGISTRY_ACCESS_CONTROL_CONFIG to the rules about who may push")]
    private static partial void LogNobodyNeedsSignature(ILogger logger, string path, int line);
}
