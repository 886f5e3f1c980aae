using Registry.Server.Tests.Maintenance;

namespace Registry.Server.Tests.Web.Administration;

/// <summary>Uploads in progress on the page for admins.</summary>
public sealed class UploadsPageTests
{
    private const string Path = "/administration/uploads";

    [Fact]
    public async Task An_upload_is_seen_and_ended()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        var visitor = await maintained.OpenPagesAsync();
        Assert.Contains("No upload is in progress.", Check.Status(200, await visitor.OpenAsync(Path)).Text, StringComparison.Ordinal);

        var before = DateTimeOffset.UtcNow;
        var location = await maintained.Admin.BeginUploadAsync("team/app");
        Check.Status(202, await maintained.Admin.RequestAsync("PATCH", location, new byte[3000]));
        var id = location.UploadId();
        var page = Check.Status(200, await visitor.OpenAsync(Path)).Text;
        Assert.Contains("""<th scope="row" class="name">team/app</th><td class="number"><span class="nowrap" title="3000 bytes">""", page, StringComparison.Ordinal);
        Assert.Contains("<bdi>admin</bdi></td>", page, StringComparison.Ordinal);
        Assert.Contains($"{before:yyyy-MM-dd HH:}", page, StringComparison.Ordinal);
        Assert.Contains($"{Path}/cancel?id={id}", page, StringComparison.Ordinal);

        Assert.Contains("End this upload?", Check.Status(200, await visitor.OpenAsync($"{Path}/cancel?id={id}")).Text, StringComparison.Ordinal);
        maintained.Registry.Host.ReadOnly.TurnOn();
        Check.Status(405, await visitor.SubmitAsync($"{Path}/cancel?id={id}", $"{Path}/cancel", ("id", id)));
        maintained.Registry.Host.ReadOnly.TurnOff();
        Assert.Equal(Path, Check.Status(303, await visitor.SubmitAsync($"{Path}/cancel?id={id}", $"{Path}/cancel", ("id", id))).Location);
        Check.Status(404, await maintained.Admin.GetAnswerAsync(location));
        Check.Status(404, await visitor.OpenAsync($"{Path}/cancel?id={id}"));
    }

    [Fact]
    public async Task Many_uploads_are_listed_in_pages_in_the_order_of_their_begin()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        var visitor = await maintained.OpenPagesAsync();
        for (var i = 0; i < 103; i++)
        {
            await maintained.Admin.BeginUploadAsync($"team/app{i:000}");
        }

        var first = Check.Status(200, await visitor.OpenAsync(Path)).Text;
        Assert.Contains(">team/app000</th>", first, StringComparison.Ordinal);
        Assert.Contains("rel=\"next\"", first, StringComparison.Ordinal);
        var next = first[first.IndexOf($"{Path}?after=", StringComparison.Ordinal)..].Split('"')[0];
        var second = Check.Status(200, await visitor.OpenAsync(next)).Text;
        Assert.Contains(">team/app102</th>", second, StringComparison.Ordinal);
        Assert.DoesNotContain(">team/app000</th>", second, StringComparison.Ordinal);
        Assert.DoesNotContain("rel=\"next\"", second, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?after=x", 400)]
    [InlineData("/cancel", 400)]
    [InlineData("/cancel?id=x", 400)]
    [InlineData("/cancel?id=00000000-0000-0000-0000-000000000000", 404)]
    public async Task What_is_no_upload_is_refused(string path, int status)
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        Check.Status(status, await (await maintained.OpenPagesAsync()).OpenAsync($"{Path}{path}"));
    }
}
