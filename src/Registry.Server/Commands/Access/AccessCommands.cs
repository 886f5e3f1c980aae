using System.CommandLine;
using Registry.Core.Access.Rules;
using Registry.Core.Oci;
using Registry.Files;

namespace Registry.Server.Commands.Access;

/// <summary><c>registry access explain</c>: tells if the rules let a user do an action in a repository, and which rule decides.</summary>
internal static class AccessCommands
{
    private const string Variable = "REGISTRY_ACCESS_CONTROL_CONFIG";

    public static Command Create(CommandContext context) =>
        new DescribedCommand("access", $"Inspect the access rules of {Variable}.") { CreateExplain(context) };

    private static DescribedCommand CreateExplain(CommandContext context)
    {
        var user = new Argument<string>("USER") { Description = $"Name of the user, or {AccessRules.AnonymousUser} for a client without credentials." };
        var action = new Argument<string>("ACTION") { Description = "Action: pull, push or delete." };
        action.CompletionSources.Add("pull", "push", "delete");
        var repository = new Argument<string>("REPOSITORY") { Description = "Name of the repository, such as team/app." };
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "explain",
            "Tell if the access rules allow an action, and which rule decides. Exits with 0 when the action is allowed, and with 1 when it is denied.",
            "registry access explain alice push team/app",
            "registry access explain '$anonymous' pull public/app --json")
        {
            user,
            action,
            repository,
            json,
        };
        command.SetAction(parsed => context.WithSetting(parsed, Variable, path => Explain(
            context,
            path,
            parsed.GetRequiredValue(user),
            parsed.GetRequiredValue(action),
            parsed.GetRequiredValue(repository),
            parsed.GetValue(json))));
        return command;
    }

    private static int Explain(CommandContext context, string? path, string user, string action, string repository, bool isJson)
    {
        if (string.IsNullOrEmpty(path))
        {
            return context.Refuse($"{Variable} is not set; set it to the path of the file with the access rules");
        }

        var asked = ActionNames.Parse(action);
        if (asked == RepositoryActions.None)
        {
            return context.Refuse($"'{action}' is not an action; allowed: pull, push, delete");
        }

        if (!RepositoryName.TryParse(repository, out var name))
        {
            return context.Refuse($"'{repository}' is not a repository name");
        }

        try
        {
            var rules = AccessRulesReader.Read(OperatorFile.Read(path));
            var decision = rules.Decide(user == AccessRules.AnonymousUser ? null : user, name, isOpen: false);
            var isAllowed = decision.Actions.HasFlag(asked);
            Write(context.Output, decision, asked, isJson);
            return isAllowed ? ExitCodes.Success : ExitCodes.Failure;
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            return context.Refuse($"{Variable} {path} cannot be used: {IoFault.Reason(e, path)}");
        }
    }

    private static void Write(TextWriter output, AccessDecision decision, RepositoryActions asked, bool isJson)
    {
        if (isJson)
        {
            var answer = new AccessAnswer(decision.Actions.HasFlag(asked), decision.Reason, [.. ActionNames.Of(decision.Actions)]);
            ReportJson.Write(output, answer, json => json.AccessAnswer);
            return;
        }

        output.WriteLine(decision.Describe(asked));
    }
}
