namespace Registry.Files.Tests;

public sealed class FileReplacementTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // The other replacement may end before anything looks at its file. A folder takes the name in the same way, and is no file either.
    [Fact]
    public void A_replacement_beside_another_is_refused_as_such_although_there_is_no_file_of_the_other()
    {
        var path = _folder.File("users");
        Directory.CreateDirectory($"{path}.new");

        var refused = Assert.Throws<IOException>(() => FileReplacement.Begin(path));

        Assert.Contains("another edit is in progress", refused.Message, StringComparison.Ordinal);
    }
}
