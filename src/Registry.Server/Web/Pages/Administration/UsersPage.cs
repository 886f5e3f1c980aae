using Registry.Core.Access;
using Registry.Core.Access.Rules;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;
using Registry.Server.Endpoints;
using Registry.Server.Http;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration;

/// <summary>Page of the users, the access rules and the rules about repositories, which answers who may do what.</summary>
internal sealed class UsersPage(PageFrame frame, Authorizer authorizer, Func<IReadOnlyList<string>> readUsers, Func<PolicyRules> policies)
{
    private const string Path = "/administration/users";
    private const int PageSize = 100;

    // More than people write by hand; the file has all of them.
    private const int ShownRules = 500;

    // Beside each other in a row.
    private const int ShownNames = 20;

    private static readonly IReadOnlyList<string> Actions = ActionNames.Of(RepositoryActions.All);

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (!QueryParameter.Find(query, "user").TryGet(out var user, out var fault)
            || !QueryParameter.Find(query, "action").TryGet(out var action, out fault)
            || !QueryParameter.Find(query, "repository").TryGet(out var repository, out fault)
            || !QueryParameter.Find(query, "last").TryGet(out var last, out fault))
        {
            return fault;
        }

        if (authorizer.Rules is not { } rules)
        {
            return RegistryErrorCode.NotFound;
        }

        string? answer = null;
        var users = readUsers();
        if (user is not null && action is not null && repository is not null && !Explain(rules, users, user, action, repository).TryGet(out answer, out fault))
        {
            return fault;
        }

        await frame.SendAsync(request, new PageHead("Users and rules", Section.Administration), async output =>
        {
            output.Html.Write($"{new AdministrationHead("users")}");
            WriteQuestion(output.Html, user, action, repository, answer);
            WriteUsers(output.Html, rules, users, last);
            await WriteRulesAsync(output, rules);
            await PolicySection.WriteAsync(output, policies());
        });
        return null;
    }

    private static Result<string?> Explain(AccessRules rules, IReadOnlyList<string> users, string user, string action, string repository)
    {
        var asked = ActionNames.Parse(action);
        if (asked == RepositoryActions.None)
        {
            return new RegistryError(RegistryErrorCode.BadRequest, $"'{Parameters.Echo(action)}' is not an action; allowed: {string.Join(", ", Actions)}");
        }

        if (!RepositoryName.TryParse(repository, out var name))
        {
            return new RegistryError(RegistryErrorCode.NameInvalid, $"'{Parameters.Echo(repository)}' is not a repository name");
        }

        var isAnonymous = user == AccessRules.AnonymousUser;
        var decision = rules.Decide(isAnonymous ? null : user, name, isOpen: false);
        var stranger = isAnonymous || users.Contains(user) ? "" : " There is no such user now.";
        return $"{decision.Describe(asked)}.{stranger}";
    }

    private static void WriteQuestion(HtmlWriter html, string? user, string? action, string? repository, string? answer)
    {
        html.Write(
            $"""
            <h2>Who may do what?</h2>
            <form class="search" method="get" action="{Path}">
            <label>User, or {AccessRules.AnonymousUser}<input name="user" value="{user}" autocomplete="off" autocapitalize="none" spellcheck="false" required></label>
            <label>Action<select name="action">
            """);
        foreach (var one in Actions)
        {
            html.Write($"""<option{new RawHtml(one == action ? " selected" : string.Empty)} value="{one}">{one}</option>""");
        }

        html.Write($"""</select></label><label>Repository<input name="repository" value="{repository}" autocomplete="off" autocapitalize="none" spellcheck="false" required></label><button>Ask</button></form>""");
        if (answer is not null)
        {
            html.Write($"""<div class="note" role="status"><p><bdi>{answer}</bdi></p></div>""");
        }
    }

    private static void WriteUsers(HtmlWriter html, AccessRules rules, IReadOnlyList<string> users, string? last)
    {
        html.Write($"<h2>Users</h2>\n<p>{Count.Of(users.Count, "user")} of the htpasswd file.</p>\n<ul>");
        List<string> shown = [.. users.Where(user => string.CompareOrdinal(user, last) > 0).Take(PageSize + 1)];
        foreach (var user in shown.Take(PageSize))
        {
            html.Write($"<li><bdi>{user}</bdi>");
            if (rules.IsAdmin(user))
            {
                html.Write($""" <span class="kind">admin</span>""");
            }

            html.Write($"</li>");
        }

        html.Write($"</ul>\n");
        Pager.Write(html, Path, [], shown.Count > PageSize ? ("last", shown[PageSize - 1]) : null, last is not null);
    }

    private static async Task WriteRulesAsync(PageOutput output, AccessRules rules)
    {
        var html = output.Html;
        html.Write(
            $"""
            <h2>Access rules in force</h2>
            <dl class="facts"><dt>Admins</dt><dd><bdi>{Names([.. rules.AdminUsers.Order(StringComparer.Ordinal)])}</bdi></dd>
            <dt>When no rule matches</dt><dd>{(rules.AllowsByDefault ? "users may do everything" : "nothing is allowed")}</dd></dl>

            """);
        if (rules.Rules.Count == 0)
        {
            html.Write($"""<p class="empty">There is no rule.</p>""");
            return;
        }

        html.Write(
            $"""
            <p class="quiet">The first rule that matches the repository and the user decides.</p>
            <div class="scroll" role="region" aria-label="Access rules" tabindex="0"><table>
            <thead><tr><th scope="col" class="number">Line</th><th scope="col">Repository</th><th scope="col">Users</th><th scope="col">May</th></tr></thead><tbody>

            """);
        foreach (var rule in rules.Rules.Take(ShownRules))
        {
            html.Write($"""<tr><td class="number">{rule.Line}</td><td class="name"><code>{rule.Repository.Text}</code></td><td class="name"><bdi>{Names(rule.Users)}</bdi></td><td>{(rule.Permissions == RepositoryActions.None ? "nothing" : string.Join(", ", ActionNames.Of(rule.Permissions)))}</td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
        if (rules.Rules.Count > ShownRules)
        {
            html.Write($"""<p class="quiet">{rules.Rules.Count - ShownRules} more are in the file.</p>""");
        }
    }

    private static string Names(IReadOnlyList<string> names) =>
        $"{string.Join(", ", names.Take(ShownNames))}{(names.Count > ShownNames ? $" and {names.Count - ShownNames} more" : "")}";
}
