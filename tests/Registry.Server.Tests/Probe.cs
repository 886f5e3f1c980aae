namespace Registry.Server.Tests;
public class Probe { [Fact] public void Works() => Assert.True(true); }
