using Microsoft.Extensions.Logging;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;
using Registry.Files.Watching;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting;

/// <summary>Composition of the rules about repositories.</summary>
internal sealed class PolicyComposition : IAsyncDisposable
{
    private readonly WatchedFile<PolicyRules>? _rules;

    private PolicyComposition(WatchedFile<PolicyRules>? rules, IChangeRules? given)
    {
        _rules = rules;
        ChangeRules = given ?? (rules is null ? NoRules.Instance : new PolicyChangeRules(() => rules.Value));
    }

    /// <summary>Rules about changes, by the file as it is at each change.</summary>
    public IChangeRules ChangeRules { get; }

    /// <summary>Rules of the last good version of the file.</summary>
    public PolicyRules Current => _rules?.Value ?? PolicyRules.None;

    /// <summary>Files that can be reloaded, with the names of their settings.</summary>
    public IEnumerable<(string Setting, IReloadable File)> Files => _rules is null ? [] : [(PolicyFile.Setting, _rules)];

    /// <summary>Reads the file of the rules.</summary>
    /// <exception cref="StartupException">It cannot be used.</exception>
    public static PolicyComposition Open(RegistryOptions options, TimeProvider time, ILoggerFactory loggers) => new(
        WatchedSetting.Open(
            PolicyFile.Setting, options.PolicyConfig, content => PolicyFile.Parse(content, options.PolicyConfig!), time, loggers.CreateLogger<PolicyComposition>()),
        options.ChangeRules);

    public ValueTask DisposeAsync() => _rules?.DisposeAsync() ?? ValueTask.CompletedTask;
}
