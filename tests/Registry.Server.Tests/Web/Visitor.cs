using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Web;

/// <summary>A person with a browser: keeps cookies, and fills in the forms of pages.</summary>
internal sealed partial class Visitor(HttpClient client)
{
    /// <summary>Cookies, by name.</summary>
    public Dictionary<string, string> Cookies { get; } = [];

    /// <summary>Headers that every request has.</summary>
    public List<(string Name, string Value)> Headers { get; } = [("Accept", "text/html,application/xhtml+xml")];

    /// <summary>Opens a page.</summary>
    public Task<Answer> OpenAsync(string path) => SendAsync("GET", path, null);

    /// <summary>Sends a form with the token of a page.</summary>
    public async Task<Answer> SubmitAsync(string page, string action, params (string Name, string Value)[] fields) =>
        await PostAsync(action, [("token", TokenOf(Check.Status(200, await OpenAsync(page)))), .. fields]);

    /// <summary>Sends a form.</summary>
    public Task<Answer> PostAsync(string path, params (string Name, string Value)[] fields) => SendAsync(
        "POST", path, Encoding.UTF8.GetBytes(string.Join('&', fields.Select(field => $"{WebUtility.UrlEncode(field.Name)}={WebUtility.UrlEncode(field.Value)}"))));

    /// <summary>A visitor who has logged in with the password of <see cref="AccessFolder"/>; one without a log-in if the name is empty.</summary>
    public static async Task<Visitor> EnterAsync(HttpClient client, string user)
    {
        var visitor = new Visitor(client);
        if (user.Length > 0)
        {
            Check.Status(303, await visitor.LogInAsync(user, AccessFolder.Password(user)));
        }

        return visitor;
    }

    /// <summary>Logs in.</summary>
    public Task<Answer> LogInAsync(string user, string password, string next = "/") =>
        SubmitAsync("/login", "/login", ("user", user), ("password", password), ("next", next));

    /// <summary>The token of the forms on a page.</summary>
    public static string TokenOf(Answer page) => Token().Match(page.Text) is { Success: true } match
        ? match.Groups["token"].Value
        : throw new InvalidOperationException($"The page has no form: {page}");

    /// <summary>The value of a hidden field on a page.</summary>
    public static string FieldOf(Answer page, string name) => Regex.Match(page.Text, $"name=\"{name}\" value=\"([^\"]*)\"").Groups[1].Value;

    /// <summary>The value of an attribute that one element of a page has.</summary>
    public static string AttributeOf(Answer page, string name) => Regex.Match(page.Text, $" {name}=\"([^\"]*)\"").Groups[1].Value;

    private async Task<Answer> SendAsync(string method, string path, byte[]? body)
    {
        List<(string, string)> headers = [.. Headers];
        if (Cookies.Count > 0)
        {
            headers.Add(("Cookie", string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"))));
        }

        if (body is not null)
        {
            headers.Add(("Content-Type", "application/x-www-form-urlencoded"));
        }

        var answer = await client.RequestAsync(method, path, body, [.. headers]);
        foreach (var set in answer.All("Set-Cookie"))
        {
            var pair = set.Split(';')[0].Split('=', 2);
            if (set.Contains("Max-Age=0", StringComparison.Ordinal))
            {
                Cookies.Remove(pair[0]);
            }
            else
            {
                Cookies[pair[0]] = pair[1];
            }
        }

        return answer;
    }

    [GeneratedRegex("name=\"token\" value=\"(?<token>[^\"]+)\"")]
    private static partial Regex Token();
}
