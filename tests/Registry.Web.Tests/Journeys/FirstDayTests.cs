using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Registry.Web.Tests.Journeys;

/// <summary>What a new user does on the first day: pushes, finds the image, sets a tag back, and gets back what was deleted.</summary>
public sealed partial class FirstDayTests(Chromium chromium) : IAsyncLifetime
{
    private const string Repository = "first/busybox";

    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync() => _registry = await TestRegistry.StartAsync(options => options with { SpacePeriod = TimeSpan.FromSeconds(1) });

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_new_user_pushes_and_finds_the_image(bool hasScript)
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look(hasScript));
        await tab.GoAsync("/");
        await Expect(tab.Page.GetByText($"docker push {tab.Site.Authority}/{Repository}:1", new() { Exact = true })).ToBeVisibleAsync();
        await tab.CheckAsync();

        var image = await _registry.Client.PushAsync(Repository, SampleImage.Create("busybox", "1", 100_000), "1");
        await _registry.Client.PushAsync("other/name", TestImage.Create(), "1");
        await tab.Page.ReloadAsync();
        await tab.Page.GetByRole(AriaRole.Searchbox).FillAsync("first");
        await tab.Page.GetByRole(AriaRole.Searchbox).PressAsync("Enter");
        await Expect(tab.Link(Repository)).ToBeVisibleAsync();
        await Expect(tab.Link("other/name")).ToHaveCountAsync(0);
        await tab.Link(Repository).ClickAsync();
        await tab.Link("1").ClickAsync();

        await Expect(tab.Page.GetByText(image.Digest, new() { Exact = true }).First).ToBeVisibleAsync();
        await Expect(tab.Page.GetByText($"docker pull {tab.Site.Authority}/{Repository}:1", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(tab.Page.GetByText("COPY /out/busybox /usr/local/bin/busybox").First).ToBeVisibleAsync();
        await tab.Page.GetByText("The bytes as they are stored").ClickAsync();
        await Expect(tab.Page.Locator("pre")).ToHaveTextAsync(image.ToString());
        await tab.CheckAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_tag_is_set_back(bool hasScript)
    {
        var old = await _registry.Client.PushAsync(Repository, TestImage.Create(), "1");
        await _registry.Client.PushAsync(Repository, TestImage.Create(), "1");
        await using var tab = await chromium.OpenAsync(_registry, new Look(hasScript));
        await tab.GoAsync($"/repositories/{Repository}/-/tags/1");

        await tab.Link("History").ClickAsync();
        await tab.Link("Point back here").ClickAsync();
        await tab.Link("Cancel").ClickAsync();
        await tab.Link("Point back here").ClickAsync();
        await tab.Button("Set the tag back").ClickAsync();

        await Expect(tab.Page).ToHaveURLAsync(History());
        await Expect(tab.Page.Locator(".history > li").First).ToContainTextAsync(old.Digest[..19]);
        Assert.Equal(old.Digest, await HeadAsync());
        await tab.CheckAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Thirty_tags_of_many_are_deleted_at_once_and_restored(bool hasScript)
    {
        for (var i = 0; i < 30; i++)
        {
            await _registry.Client.PushAsync(Repository, TestImage.Create(), $"build-{i}");
        }

        var kept = await _registry.Client.PushAsync(Repository, TestImage.Create(), "1");
        await using var tab = await chromium.OpenAsync(_registry, new Look(hasScript));
        await tab.GoAsync($"/repositories/{Repository}");

        await tab.Page.GetByLabel("Tag begins with").FillAsync("build-");
        await tab.Button("Filter").ClickAsync();
        await tab.Link("Select all on this page").ClickAsync();
        await tab.CheckAsync();
        await tab.Button(hasScript ? "Delete the 30 selected…" : "Delete what is selected…").ClickAsync();
        await Expect(tab.Page.GetByRole(AriaRole.Heading)).ToContainTextAsync("Delete 30 tags");
        await tab.Button("Delete the images with all their tags").ClickAsync();

        await Expect(tab.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("Deleted: 30 of 30 images");
        await tab.GoAsync($"/repositories/{Repository}");
        await Expect(tab.Link("History of 1")).ToBeVisibleAsync();
        await Expect(tab.Page.GetByRole(AriaRole.Checkbox)).ToHaveCountAsync(1);
        Assert.Equal(kept.Digest, await HeadAsync());

        // And all of them come back.
        await tab.GoAsync($"/repositories/{Repository}/-/trash");
        await tab.Link("Select all on this page").ClickAsync();
        await tab.CheckAsync();
        await tab.Button(hasScript ? "Restore the 30 selected…" : "Restore what is selected…").ClickAsync();
        await Expect(tab.Page.GetByRole(AriaRole.Heading)).ToContainTextAsync("Restore 30 manifests");
        await tab.CheckAsync();
        await tab.Button("Restore all of them").ClickAsync();
        await Expect(tab.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("Restored: 30 of 30 manifests");
        await tab.CheckAsync();
    }

    [Fact]
    public async Task A_click_with_the_shift_key_selects_all_between_two_boxes()
    {
        for (var i = 0; i < 6; i++)
        {
            await _registry.Client.PushAsync(Repository, TestImage.Create(), $"build-{i}");
        }

        await using var tab = await chromium.OpenAsync(_registry, new Look());
        await tab.GoAsync($"/repositories/{Repository}?sort=name");

        await tab.Page.GetByLabel("Select build-4").CheckAsync();
        await tab.Page.GetByLabel("Select build-1").ClickAsync(new() { Modifiers = [KeyboardModifier.Shift] });

        await Expect(tab.Button("Delete the 4 selected…")).ToBeVisibleAsync();
        await Expect(tab.Page.GetByLabel("Select build-0")).Not.ToBeCheckedAsync();
    }

    [Fact]
    public async Task A_layer_tells_which_images_need_it()
    {
        var image = await _registry.Client.PushAsync(Repository, SampleImage.Create("busybox", "1", 100_000), "1");
        await using var tab = await chromium.OpenAsync(_registry, new Look());
        await tab.GoAsync($"/repositories/{Repository}/-/tags/1");

        await tab.Link(image.Blobs[^1].Digest[..19]).ClickAsync();
        await Expect(tab.Page.GetByText("Manifests of this repository need it.")).ToBeVisibleAsync();
        await tab.CheckAsync();
        await tab.Link(image.Digest[..19]).ClickAsync();
        await Expect(tab.Page.GetByText(image.Digest, new() { Exact = true }).First).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_deleted_is_restored_and_then_purged(bool hasScript)
    {
        var image = await _registry.Client.PushAsync(Repository, TestImage.Create(), "1");
        await DeleteAsync(image);
        await using var tab = await chromium.OpenAsync(_registry, new Look(hasScript));
        await tab.GoAsync("/");

        await tab.Main("Trash").ClickAsync();
        await tab.Link($"Restore {image.Digest[..19]}").ClickAsync();
        await tab.Button("Restore the manifest").ClickAsync();
        await Expect(tab.Page).ToHaveURLAsync($"{tab.Site}repositories/{Repository}/-/manifests/{image.Digest}");
        Assert.Equal(image.Digest, await HeadAsync());

        await DeleteAsync(image);
        await tab.Main("Trash").ClickAsync();
        await tab.Link($"Purge {image.Digest[..19]}").ClickAsync();
        await tab.Button("Remove it for ever").ClickAsync();
        await Expect(tab.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("Removed for ever");
        await tab.CheckAsync();
        await tab.Main("Trash").ClickAsync();
        await Expect(tab.Page.GetByText("The trash is empty.")).ToBeVisibleAsync();
        Assert.Null(await HeadAsync());
    }

    [Fact]
    public async Task The_space_of_the_image_is_shown_by_tag()
    {
        await _registry.Client.PushAsync(Repository, TestImage.Create(layerSize: 3 * 1024 * 1024), "1");
        await _registry.AwaitSpaceAsync();
        await using var tab = await chromium.OpenAsync(_registry, new Look());
        await tab.GoAsync("/");

        await tab.Main("Space").ClickAsync();
        await Expect(tab.Page.GetByText("stored, each content once")).ToBeVisibleAsync();
        await tab.Link(Repository).ClickAsync();

        await Expect(tab.Page.GetByRole(AriaRole.Row).Filter(new() { Has = tab.Link("1") })).ToContainTextAsync("3.00 MiB");
        await tab.CheckAsync();
    }

    [Fact]
    public async Task A_command_is_copied_by_its_button()
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look());
        await tab.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await tab.GoAsync("/");

        await tab.Button("Copy the third command").ClickAsync();

        await Eventually.HoldsAsync(
            async () => await tab.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()") == $"docker push {tab.Site.Authority}/{Repository}:1", "the command is copied");
        await tab.CheckAsync();
    }

    private async Task DeleteAsync(TestImage image) =>
        Assert.Equal(202, (await _registry.Client.RequestAsync("DELETE", $"/v2/{Repository}/manifests/{image.Digest}")).Status);

    private async Task<string?> HeadAsync() => (await _registry.Client.HeadAnswerAsync($"/v2/{Repository}/manifests/1"))["Docker-Content-Digest"];

    [GeneratedRegex("/-/history/1$")]
    private static partial Regex History();
}
