using System.Globalization;
using System.Text.RegularExpressions;
using Registry.Core.Access;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Documentation;

namespace Registry.Server.Tests.OpenApi;

/// <summary>The description of the API says what the table of routes and docs/api.md say.</summary>
public sealed partial class DescriptionTests
{
    private readonly ApiDescription _description = new();

    [Fact]
    public void Every_route_is_described() => Assert.Equal(
        AccessMatrixTests.Routes().Where(route => route.Path.StartsWith("/api/", StringComparison.Ordinal) && route.Method != "HEAD").Select(route => $"{route.Method} {route.Template} {route.Permission == Permission.Public}")
            .Order(StringComparer.Ordinal),
        _description.Operations.Select(operation => $"{operation.Method} {operation.Template} {operation.Json.TryGetProperty("security", out _)}").Order(StringComparer.Ordinal));

    [Fact]
    public void Statuses_are_those_of_the_document()
    {
        var rows = Document.Read("docs/api.md").Rows("Endpoints").Skip(1).Where(row => row[1].StartsWith("/api/", StringComparison.Ordinal)).ToList();

        Assert.Equal(
            rows.Select(row => $"{row[0]} {row[1]}: {Join(Status().Matches($"{row[2]} {row[3]}").Select(match => int.Parse(match.Value, CultureInfo.InvariantCulture)))}").Order(StringComparer.Ordinal),
            _description.Operations.Select(operation => $"{operation.Method} {operation.Template}: {Join(operation.Statuses)}").Order(StringComparer.Ordinal));

        static string Join(IEnumerable<int> statuses) => string.Join(' ', statuses.Distinct().Order());
    }

    [Fact]
    public void References_lead_somewhere_and_nothing_is_described_in_vain() => Assert.Equal(
        _description.Components.Order(StringComparer.Ordinal), _description.References.Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Operations_have_names_of_their_own()
    {
        Assert.Distinct(_description.Operations.Select(operation => operation.Json.GetProperty("operationId").GetString()));
        Assert.All(_description.Operations, operation => Assert.NotEmpty(operation.Json.GetProperty("summary").GetString()!));
    }

    [GeneratedRegex(@"\b[2-5]\d\d\b")]
    private static partial Regex Status();
}
