namespace Registry.Server.Web.Parts;

/// <summary>Addresses of pages with a query.</summary>
internal static class PageUrl
{
    /// <summary>Creates an address.</summary>
    /// <param name="path">Path of the page.</param>
    /// <param name="parameters">Parameters of the query; those without a value are left out.</param>
    public static string Of(string path, params IEnumerable<(string Name, string? Value)> parameters)
    {
        var query = string.Join('&', parameters.Where(parameter => !string.IsNullOrEmpty(parameter.Value)).Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value!)}"));
        return query.Length == 0 ? path : $"{path}?{query}";
    }
}
