using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Registry.Web.Tests.Journeys;

/// <summary>Pages without a mouse.</summary>
public sealed class KeyboardTests(Chromium chromium) : IAsyncLifetime
{
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync();
        foreach (var name in new[] { "a/one", "b/two", "c/three" })
        {
            await _registry.Client.PushAsync(name, TestImage.Create(), "1");
        }
    }

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task Keys_lead_to_the_search_and_through_a_list()
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look());
        await tab.GoAsync("/");
        var keyboard = tab.Page.Keyboard;

        await keyboard.PressAsync("/");
        await Expect(tab.Page.GetByRole(AriaRole.Searchbox)).ToBeFocusedAsync();
        await keyboard.TypeAsync("jk/");
        await Expect(tab.Page.GetByRole(AriaRole.Searchbox)).ToHaveValueAsync("jk/");
        await keyboard.PressAsync("Escape");
        await keyboard.PressAsync("j");
        await Expect(tab.Link("a/one")).ToBeFocusedAsync();
        await keyboard.PressAsync("j");
        await keyboard.PressAsync("j");
        await keyboard.PressAsync("j");
        await Expect(tab.Link("c/three")).ToBeFocusedAsync();
        await keyboard.PressAsync("k");
        await Expect(tab.Link("b/two")).ToBeFocusedAsync();
        await keyboard.PressAsync("Enter");

        await Expect(tab.Page).ToHaveURLAsync($"{tab.Site}repositories/b/two");
        await tab.CheckAsync();
    }

    [Fact]
    public async Task The_first_key_leads_past_the_navigation()
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look(HasScript: false));
        await tab.GoAsync("/");

        await tab.Page.Keyboard.PressAsync("Tab");
        await Expect(tab.Link("Skip to the content")).ToBeFocusedAsync();
        await Expect(tab.Link("Skip to the content")).ToBeInViewportAsync();
        await tab.Page.Keyboard.PressAsync("Enter");
        await tab.Page.Keyboard.PressAsync("Tab");

        await Expect(tab.Page.GetByRole(AriaRole.Searchbox)).ToBeFocusedAsync();
    }
}
