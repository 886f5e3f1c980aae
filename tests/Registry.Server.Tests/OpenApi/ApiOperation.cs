using System.Text.Json;

namespace Registry.Server.Tests.OpenApi;

/// <summary>A method of a path in the description of the API.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path.</param>
/// <param name="Json">What is described, with references that lead to other parts.</param>
/// <param name="Query">Its query parameters, in order.</param>
/// <param name="Statuses">Statuses that it may answer with, besides those of every route.</param>
internal sealed record ApiOperation(string Method, string Path, JsonElement Json, IReadOnlyList<(string Name, bool IsRequired)> Query, IReadOnlyList<int> Statuses)
{
    // How the table of routes names what the parameters stand for.
    private static readonly Dictionary<string, string> Placeholders = new()
    {
        ["repository"] = "<name>",
        ["to"] = "<name>",
        ["tag"] = "<reference>",
        ["digest"] = "<digest>",
        ["reference"] = "<reference>",
        ["id"] = "<id>",
        ["on"] = "<on>",
        ["path"] = "<path>",
        ["source"] = "<image>",
        ["target"] = "<image>",
        ["image"] = "<image>",
        ["dryRun"] = "<on>",
        ["endpoint"] = "<endpoint>",
        ["since"] = "<time>",
    };

    /// <summary>The path with the required parameters, as in the table of routes.</summary>
    public string Template => Fill(name => Placeholders[name]);

    /// <summary>The path with values of the required parameters.</summary>
    public string Fill(Func<string, string> value)
    {
        var required = Query.Where(parameter => parameter.IsRequired).Select(parameter => $"{parameter.Name}={value(parameter.Name)}").ToList();
        return required.Count == 0 ? Path : $"{Path}?{string.Join('&', required)}";
    }

    /// <summary>The path with a further parameter.</summary>
    public string Fill(Func<string, string> value, string further) => Fill(value) is var path && path.Contains('?', StringComparison.Ordinal) ? $"{path}&{further}" : $"{path}?{further}";
}
