using System.Text.RegularExpressions;

namespace Registry.Web.Tests.Pages;

/// <summary>Every page in a window and on a phone, with and without JavaScript, in light and in dark colours.</summary>
public abstract partial class PageTests(Chromium chromium, ShownRegistry shown)
{
    /// <summary>True on a phone.</summary>
    protected abstract bool IsPhone { get; }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Every_page_serves_everyone(bool hasScript, bool isDark)
    {
        await using var tab = await chromium.OpenAsync(shown.Registry, new Look(hasScript, isDark, IsPhone));
        List<string> faults = [];
        var opened = new HashSet<string> { "/login" };
        await tab.GoAsync("/login");
        faults.AddRange(await tab.FindFaultsAsync());
        await tab.LogInAsync(Users.Admin, "wrong");
        faults.AddRange(await tab.FindFaultsAsync());
        await tab.LogInAsync(Users.Admin, Users.PasswordOf(Users.Admin));
        foreach (var (template, path) in shown.Pages)
        {
            await tab.GoAsync(path);
            faults.AddRange(await tab.FindFaultsAsync());
            opened.Add(template);
        }

        await tab.GoAsync("/repositories/shop/nothing", 404);
        faults.AddRange(await tab.FindFaultsAsync());

        Tab.Check(faults);
        Assert.Equal(Described(), opened.Order(StringComparer.Ordinal));
    }

    // The table of docs/web.md, which a test compares with the routes; without files and streams.
    private static IEnumerable<string> Described() => SourceTree.Lines("docs/web.md").Select(line => Row().Match(line)).Where(match => match.Success)
        .Select(match => match.Groups["path"].Value).Where(path => !path.StartsWith("/-/assets/", StringComparison.Ordinal) && !path.EndsWith("/live", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    [GeneratedRegex(@"^\| GET \| `(?<path>[^`]+)` \|")]
    private static partial Regex Row();
}
