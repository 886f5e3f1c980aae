using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Registry.Web.Tests.Journeys;

/// <summary>What an admin does on the pages: verifies, follows the job and ends it, looks at what a collection would remove, and lets the rules delete.</summary>
public sealed partial class MaintenanceTests(Chromium chromium) : IAsyncLifetime
{
    private readonly Users _users = new();
    private readonly TemporaryFolder _folder = new("rules");
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync()
    {
        File.WriteAllText(_folder.File("policy.json"), """{ "rules": [{ "repository": "ci/**", "keep": { "newest": 1 } }] }""");

        // 1 MiB a second, so that a verification does not end by itself.
        _registry = await TestRegistry.StartAsync(options => _users.Configure(options) with { VerifyRate = 1, PolicyConfig = _folder.File("policy.json") });
        Users.Identify(_registry.Client, Users.Admin);
        for (var i = 0; i < 5; i++)
        {
            await _registry.Client.PushBlobAsync("shop/api", TestBlob.Random(3_000_000));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _users.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_admin_verifies_and_collects(bool hasScript)
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look(hasScript));
        await tab.LogInAsync(Users.Admin, Users.PasswordOf(Users.Admin));
        await tab.Main("Administration").ClickAsync();
        await tab.Link("Maintenance").ClickAsync();
        await tab.Link("Verify everything…").ClickAsync();
        await tab.Page.GetByLabel("Report only, change nothing").CheckAsync();
        await tab.Button("Verify").ClickAsync();
        await Expect(tab.Page.GetByText("verify dryRun").First).ToBeVisibleAsync();
        await tab.CheckAsync();

        // The page follows the job by itself, or by the link.
        for (var i = 0; !hasScript && i < 50 && await tab.Page.GetByText(Rate()).CountAsync() == 0; i++)
        {
            await tab.Link("Show the present state").ClickAsync();
        }

        await Expect(tab.Page.GetByText(Rate())).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await tab.CheckAsync();
        await tab.Button("End the job").ClickAsync();
        for (var i = 0; !hasScript && i < 50 && await tab.Link("Collect garbage…").CountAsync() == 0; i++)
        {
            await tab.Page.ReloadAsync();
        }

        await Expect(tab.Page.GetByText("the verification was interrupted").First).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await Expect(tab.Link("Collect garbage…")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await tab.Link("Collect garbage…").ClickAsync();
        await tab.Button("Show what would go").ClickAsync();
        for (var i = 0; !hasScript && i < 50 && await tab.Button("Collect").CountAsync() == 0; i++)
        {
            await tab.Page.ReloadAsync();
        }

        await Expect(tab.Button("Collect")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await tab.CheckAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_admin_sees_what_no_rule_keeps_and_deletes_it(bool hasScript)
    {
        foreach (var tag in new[] { "old", "new" })
        {
            await _registry.Client.PushAsync("ci/app", SampleImage.Create("ci", tag, 1000), tag);
        }

        await using var tab = await chromium.OpenAsync(_registry, new Look(hasScript));
        await tab.LogInAsync(Users.Admin, Users.PasswordOf(Users.Admin));
        await tab.Main("Administration").ClickAsync();
        await tab.Link("Users and rules").ClickAsync();
        await tab.Link("What a run of the retention would delete, and why").ClickAsync();
        await tab.Button("Show what would go").ClickAsync();
        await ReloadUntilAsync(tab, tab.Button("Delete"));

        await Expect(tab.Page.GetByRole(AriaRole.Region, new() { Name = "Would be deleted" })).ToContainTextAsync("not kept by rule 1");
        await Expect(tab.Page.GetByRole(AriaRole.Region, new() { Name = "Kept" })).ToContainTextAsync("among the newest 1 of rule 1");
        await tab.CheckAsync();
        await tab.Button("Delete").ClickAsync();
        await ReloadUntilAsync(tab, tab.Link("All of it"));

        await tab.Link("All of it").ClickAsync();
        await Expect(tab.Page.GetByRole(AriaRole.Region, new() { Name = "Deleted" })).ToContainTextAsync("old");
        await tab.CheckAsync();
    }

    [Fact]
    public async Task A_member_sees_no_administration()
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look());
        await tab.LogInAsync(Users.Member, Users.PasswordOf(Users.Member));
        await Expect(tab.Main("Space")).ToBeVisibleAsync();
        await Expect(tab.Main("Administration")).ToHaveCountAsync(0);
        await tab.GoAsync("/administration", 404);
        await tab.CheckAsync();
    }

    // A job takes its time, and without the script a page does not follow it.
    private static Task ReloadUntilAsync(Tab tab, ILocator sought) => Eventually.HoldsAsync(
        async () =>
        {
            if (await sought.CountAsync() > 0)
            {
                return true;
            }

            await tab.Page.ReloadAsync();
            return false;
        },
        "the page has the outcome of the job");

    [GeneratedRegex(@"\d+ %, .*B/s")]
    private static partial Regex Rate();
}
