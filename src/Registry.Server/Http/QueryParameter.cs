using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;

namespace Registry.Server.Http;

/// <summary>Query parameters that a request has once or not at all.</summary>
internal static class QueryParameter
{
    /// <summary>Reads a parameter that a request must have.</summary>
    public static Result<string> Read(IQueryCollection query, string name) => Find(query, name).TryGet(out var text, out var fault)
        ? text is null ? Missing(name) : text
        : fault;

    /// <summary>Reads a parameter; null without it. An empty value counts as none.</summary>
    public static Result<string?> Find(IQueryCollection query, string name)
    {
        var values = query[name];
        return values.Count > 1
            ? new RegistryError(RegistryErrorCode.BadRequest, $"the query parameter '{name}' is given {values.Count} times; give it once")
            : values is [{ Length: > 0 } text] ? text : (string?)null;
    }

    private static RegistryError Missing(string name) => new(RegistryErrorCode.BadRequest, $"the query parameter '{name}' is missing");
}
