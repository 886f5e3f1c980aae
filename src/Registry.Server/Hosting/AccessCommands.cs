using Registry.Core.Access;
using Registry.Core.Oci;

namespace Registry.Server.Hosting;

/// <summary><c>registry access explain</c>: may this user do that there, and which rule says so.</summary>
internal static class AccessCommands
{
    public const string Variable = "REGISTRY_ACCESS_CONTROL_CONFIG";

    /// <summary>Prints the answer and the reason.</summary>
    /// <returns>0 when allowed, 1 when not, 2 when the question makes no sense.</returns>
    public static int Explain(string? path, string user, string action, string repository)
    {
        if (string.IsNullOrEmpty(path))
        {
            return Refuse($"{Variable} is not set; it names the file of rules");
        }

        var asked = ActionNames.Parse(action);
        if (asked == RepositoryActions.None)
        {
            return Refuse($"'{action}' is not an action; allowed: pull, push, delete");
        }

        if (!RepositoryName.TryParse(repository, out var name))
        {
            return Refuse($"'{repository}' is not a repository name");
        }

        try
        {
            var rules = AccessRulesReader.Read(File.ReadAllBytes(path));
            var decision = rules.Decide(user == AccessRules.AnonymousUser ? null : user, name, isOpen: false);
            var isAllowed = decision.Actions.HasFlag(asked);
            var permissions = ActionNames.Of(decision.Actions) is { Count: > 0 } words ? string.Join(", ", words) : "nothing";
            Console.Out.WriteLine($"{(isAllowed ? "allowed" : "denied")}: {decision.Reason}; it allows {permissions}");
            return isAllowed ? ExitCodes.Success : ExitCodes.Failure;
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            return Refuse($"{path} cannot be used: {e.Message}");
        }
    }

    private static int Refuse(string message)
    {
        Console.Error.WriteLine($"registry: {message}");
        return ExitCodes.Usage;
    }
}
