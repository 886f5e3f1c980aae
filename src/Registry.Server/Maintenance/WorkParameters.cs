namespace Registry.Server.Maintenance;

/// <summary>Particulars of maintenance, as in the query of its route.</summary>
internal static class WorkParameters
{
    /// <summary>The switches that are on.</summary>
    public static Dictionary<string, string> Of(params ReadOnlySpan<(string Name, bool IsOn)> switches)
    {
        var parameters = new Dictionary<string, string>();
        foreach (var (name, isOn) in switches)
        {
            if (isOn)
            {
                parameters.Add(name, "true");
            }
        }

        return parameters;
    }

    /// <summary>Describes work with its particulars, such as <c>gc untagged olderThan=30d</c>.</summary>
    public static string Describe(string kind, IReadOnlyDictionary<string, string> parameters) => string.Join(
        ' ', parameters.Select(parameter => parameter.Value == "true" ? parameter.Key : $"{parameter.Key}={parameter.Value}").Prepend(kind));
}
